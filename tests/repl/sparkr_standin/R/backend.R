# The client's side of RBackend: a request is a length and a call, an answer is a status and an object.

.sparkREnv <- new.env()

writeInt <- function(con, value) writeBin(as.integer(value), con, endian = "big")

writeString <- function(con, value) {
  bytes <- c(charToRaw(enc2utf8(value)), as.raw(0L))
  writeInt(con, length(bytes))
  writeBin(bytes, con)
}

writeObject <- function(con, object) {
  tag <- function(letter) writeBin(charToRaw(letter), con)
  if (is.null(object)) return(tag("n"))
  if (inherits(object, "jobj")) { tag("j"); return(writeString(con, object$id)) }
  switch(typeof(object),
    character = { tag("c"); writeString(con, object) },
    integer = { tag("i"); writeInt(con, object) },
    double = { tag("d"); writeBin(object, con, endian = "big") },
    logical = { tag("b"); writeInt(con, object) },
    environment = {
      stopifnot(length(ls(object)) == 0L)    # the protocol knows maps; only the empty one is needed
      tag("e")
      writeInt(con, 0L)
    },
    stop("the stand-in cannot send a ", typeof(object)))
}

readInt <- function(con) readBin(con, "integer", 1L, endian = "big")

readString <- function(con) {
  text <- rawToChar(readBin(con, "raw", readInt(con)))
  Encoding(text) <- "UTF-8"
  text
}

readObject <- function(con) {
  tag <- rawToChar(readBin(con, "raw", 1L))
  switch(tag,
    n = NULL,
    i = readInt(con),
    d = readBin(con, "double", 1L, endian = "big"),
    b = as.logical(readInt(con)),
    c = readString(con),
    j = structure(list(id = readString(con)), class = "jobj"),
    stop("the stand-in cannot read an object of kind ", tag))
}

connectBackend <- function(hostname, port, timeout, authSecret) {
  con <- socketConnection(hostname, port, server = FALSE, blocking = TRUE, open = "wb", timeout = timeout)
  writeString(con, authSecret)
  if (readString(con) != "ok") stop("RBackend refuses the secret")
  assign(".sparkRCon", con, envir = .sparkREnv)
  con
}

invokeJava <- function(isStatic, objId, methodName, ...) {
  args <- list(...)
  request <- rawConnection(raw(0L), "r+")
  writeInt(request, isStatic)
  writeString(request, objId)
  writeString(request, methodName)
  writeInt(request, length(args))
  for (arg in args) writeObject(request, arg)
  bytes <- rawConnectionValue(request)
  close(request)
  con <- get(".sparkRCon", envir = .sparkREnv)
  # One write: RBackend wants the length and the call together.
  writeBin(c(writeBin(length(bytes), raw(), endian = "big"), bytes), con)
  while ((status <- readInt(con)) == 1L) NULL    # a sign of life
  if (status != 0L) stop(readString(con))
  readObject(con)
}

callJMethod <- function(object, method, ...) invokeJava(FALSE, object$id, method, ...)
callJStatic <- function(class, method, ...) invokeJava(TRUE, class, method, ...)
