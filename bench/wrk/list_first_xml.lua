-- The first page again, as XML.
format = "xml"
