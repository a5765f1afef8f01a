"""The bench of portcullis: servers, load, checks and the report. `bench/run` is the entrance."""
