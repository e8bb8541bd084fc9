"""sparkgate's REPL driver: one SparkContext, four languages, one connection to the gateway."""
