# What SparkR offers to the user, as far as the tests need it.

sparkR.session <- function() {
  connectBackend("localhost", as.integer(Sys.getenv("EXISTING_SPARKR_BACKEND_PORT")), 6000,
                 Sys.getenv("SPARKR_BACKEND_AUTH_SECRET"))
  cat("Spark package found in SPARK_HOME\n")    # SparkR talks, too, and it must not be seen
  session <- callJStatic("org.apache.spark.sql.SparkSession", "active")
  context <- callJStatic("org.apache.spark.api.java.JavaSparkContext", "fromSparkContext",
                         callJMethod(session, "sparkContext"))
  assign(".sparkRjsc", context, envir = .sparkREnv)
  assign(".sparkRsession", session, envir = .sparkREnv)
  session
}

setJobGroup <- function(groupId, description, interruptOnCancel) {
  context <- get(".sparkRjsc", envir = .sparkREnv)
  invisible(callJMethod(context, "setJobGroup", groupId, description, interruptOnCancel))
}

sql <- function(query) callJMethod(get(".sparkRsession", envir = .sparkREnv), "sql", query)

# SparkR brings the rows one by one, of any type; those of the tests go through JSON.
collect <- function(x) jsonlite::fromJSON(callJMethod(callJMethod(callJMethod(x, "toJSON"), "collectAsList"), "toString"))

take <- function(x, num) collect(callJMethod(x, "limit", as.integer(num)))
