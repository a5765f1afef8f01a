# Fetches the reference's renderer: npm ci in a folder of its own, of which one file and its licence are kept.
#   cmake -DNPM=npm -DSOURCE=pages/reference -DWORK=… -DOUT=… -P fetch_renderer.cmake
file(REMOVE_RECURSE ${WORK})
file(COPY ${SOURCE}/package.json ${SOURCE}/package-lock.json DESTINATION ${WORK})
execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
  WORKING_DIRECTORY ${WORK} RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "npm ci for pages/reference failed. Without npm or its registry, configure with "
    "-DPORTCULLIS_REFERENCE=OFF: all is built but the rendering of BASE/reference/.")
endif()
set(package ${WORK}/node_modules/openapi-explorer)
file(MAKE_DIRECTORY ${OUT})
configure_file(${package}/dist/browser/openapi-explorer.min.js ${OUT}/openapi-explorer.js COPYONLY)
configure_file(${package}/LICENSE ${OUT}/openapi-explorer.LICENSE.txt COPYONLY)
file(REMOVE_RECURSE ${WORK})
