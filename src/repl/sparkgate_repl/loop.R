# What the driver's R process runs: it obeys the driver's commands, one after the other, until the last.
#
# A command is one line of fields separated by tabs, read from the fifo "commands" in the private directory:
#   run <id> <job group>          evaluate the file "code<id>"
#   complete <id> <cursor>        candidates at the cursor (characters) of the file "code<id>"
#   attach <id> <port> <secret> <library folders ...>   load SparkR and join the driver's SparkContext
# The answer's text goes into the file "reply"; then a mark with id and status is written behind all output.
#
# Everything here lives in one local environment: rm(list = ls()) and attach() of the user do not reach it.
# Interrupts are held back everywhere but while user code runs.

local({
  directory <- Sys.getenv("SPARKGATE_R_DIR")
  mark <- Sys.getenv("SPARKGATE_R_MARK")
  Sys.unsetenv(c("SPARKGATE_R_DIR", "SPARKGATE_R_MARK"))
  private <- function(name) file.path(directory, name)

  commands <- file(private("commands"), "r", raw = TRUE)
  output <- file("/dev/fd/1", "wb", raw = TRUE)    # leads past any sink() of the user

  # Nobody can answer the debugger, and browser() would leave the workspace in the mode of single steps.
  unlockBinding("browser", baseenv())
  no_browser <- function(...) message("browser() does nothing here: a statement has no keyboard")
  assign("browser", no_browser, envir = baseenv())
  lockBinding("browser", baseenv())
  options(browserNLdisabled = TRUE)    # debug(f) reads the rest of this file, an empty line: it is no "step"


  take_code <- function(id) {
    path <- private(paste0("code", id))
    on.exit(unlink(path))
    text <- rawToChar(readBin(path, "raw", file.size(path)))
    Encoding(text) <- "UTF-8"
    text
  }

  reply <- function(id, status, lines = character()) {
    text <- paste(enc2utf8(as.character(lines)), collapse = "\n")
    writeBin(charToRaw(text), private("reply"))
    writeBin(charToRaw(paste0("\001", mark, " ", id, " ", status, "\001")), output)
    flush(output)
  }

  # ---- evaluation

  # Frames of this file must not show up as the place of an error or a warning.
  own_call <- quote(eval(sparkgate_expression, globalenv()))
  place <- function(condition) {
    call <- conditionCall(condition)
    if (is.null(call) || identical(call, own_call) || identical(call[[1L]], quote(parse))) NULL else call
  }

  describe <- function(condition) {
    call <- place(condition)
    if (is.null(call)) return(paste0("Error: ", conditionMessage(condition)))
    paste0("Error in ", deparse(call, nlines = 1L)[1L], " : ", conditionMessage(condition))
  }

  # As in Livy the value is the printed string. Quoting keeps a message of several lines one string.
  printed <- function(text) paste("[1]", encodeString(sub("\n+$", "", text), quote = "\""))

  show_value <- function(value) if (isS4(value)) methods::show(value) else print(value)

  evaluate <- function(code) {
    warned <- list()
    keep_warning <- function(w) {
      # R itself prints them when it is back at its prompt, which this loop never is. The other settings of
      # `warn` act at once.
      level <- as.integer(getOption("warn"))
      if (level == 0L && length(warned) < 50L)
        warned <<- c(warned, structure(list(place(w)), names = conditionMessage(w)))
      placeless <- level == 1L && is.null(place(w))    # R would name our own frame
      if (placeless) cat("Warning: ", conditionMessage(w), "\n", sep = "", file = stderr())
      if (level == 0L || placeless) tryInvokeRestart("muffleWarning")
    }
    outcome <- tryCatch(
      withCallingHandlers({
        for (sparkgate_expression in parse(text = code, keep.source = FALSE, encoding = "UTF-8")) {
          result <- allowInterrupts(withVisible(eval(sparkgate_expression, globalenv())))
          if (result$visible) allowInterrupts(show_value(result$value))
        }
        list("ok", "")
      }, warning = keep_warning, interrupt = look_for_broken_call),
      error = function(e) list("error", printed(describe(e))),
      interrupt = function(e) list("interrupted", ""))
    if (length(warned) > 0L) {
      lines <- utils::capture.output(print(structure(warned, class = "warnings")))
      cat(lines, sep = "\n", file = stderr())
    }
    outcome
  }

  # An interrupt that came late is still noted in R; it must not hit the next statement.
  drop_interrupt <- function() tryCatch(allowInterrupts(Sys.sleep(0)), interrupt = function(e) NULL)

  # ---- plots: a device is opened when the first drawing needs one

  devices <- integer()
  open_device <- function(...) {
    grDevices::png(private("plot-%05d.png"), ...)
    devices <<- c(devices, grDevices::dev.cur())
  }
  close_devices <- function() {
    for (device in intersect(devices, grDevices::dev.list())) try(grDevices::dev.off(device), silent = TRUE)
    devices <<- integer()
  }
  options(device = open_device)

  # ---- Spark

  backend <- NULL             # port and secret, once attached
  call_is_broken <- FALSE

  # An interrupt inside of a call leaves the JVM's reply unread; the next call would take it for its own.
  look_for_broken_call <- function(condition) {
    if (is.null(backend)) return()
    names <- lapply(sys.calls(), function(call) call[[1L]])
    if (any(vapply(names, identical, NA, quote(invokeJava)))) call_is_broken <<- TRUE
  }

  reconnect <- function() {
    state <- SparkR:::.sparkREnv
    close(state[[".sparkRCon"]])
    SparkR:::connectBackend("localhost", backend$port, 6000, backend$secret)
    call_is_broken <<- FALSE
  }

  # RBackend serves a connection by a thread of its own, so the job group has to be set from here.
  prepare_spark <- function(group) {
    if (is.null(backend)) return()
    if (call_is_broken) try(reconnect(), silent = TRUE)
    # Without its context R works on, so a failure is none.
    try(SparkR::setJobGroup(group, "sparkr", TRUE), silent = TRUE)
  }

  attach_spark <- function(port, secret, libraries) {
    .libPaths(c(libraries, .libPaths()))
    if (!nzchar(system.file(package = "SparkR"))) return(list("missing", .libPaths()))
    Sys.setenv(EXISTING_SPARKR_BACKEND_PORT = port, SPARKR_BACKEND_AUTH_SECRET = secret)
    on.exit(Sys.unsetenv(c("EXISTING_SPARKR_BACKEND_PORT", "SPARKR_BACKEND_AUTH_SECRET")))
    tryCatch(suppressMessages(suppressWarnings({
      library("SparkR", character.only = TRUE)
      utils::capture.output(session <- SparkR::sparkR.session())
    })), error = function(e) stop(describe(e), call. = FALSE))
    backend <<- list(port = as.integer(port), secret = secret)
    assign("spark", session, envir = globalenv())
    assign("sqlContext", session, envir = globalenv())
    assign("sc", get(".sparkRjsc", envir = SparkR:::.sparkREnv), envir = globalenv())
    list("ok", "")
  }

  # ---- completion

  complete <- function(code, cursor) {
    line <- utils::tail(strsplit(paste0(substr(code, 1L, cursor), " "), "\n", fixed = TRUE)[[1L]], 1L)
    line <- substr(line, 1L, nchar(line) - 1L)
    utils:::.assignLinebuffer(line)
    utils:::.assignEnd(nchar(line))
    utils:::.guessTokenFromLine()
    utils:::.completeToken()
    names <- sub("^.*(\\$|@|:)", "", utils:::.retrieveCompletions())
    unique(sub("[[:space:]]*=[[:space:]]*$", "", names))
  }

  # ---- the loop

  obey <- function(command) {
    id <- command[2L]
    answer <- tryCatch(switch(command[1L],
      run = {
        drop_interrupt()
        prepare_spark(command[3L])
        evaluate(take_code(id))
      },
      complete = list("ok", complete(take_code(id), as.integer(command[3L]))),
      attach = attach_spark(command[3L], command[4L], command[-(1:4)])
    ),
    error = function(e) list("error", printed(describe(e))),
    interrupt = function(e) list("interrupted", ""))
    close_devices()
    reply(id, answer[[1L]], answer[[2L]])
  }

  suspendInterrupts(repeat {
    line <- readLines(commands, 1L)
    if (length(line) == 0L) quit("no", runLast = FALSE)
    # The restart: code that asks for R's prompt gets the next command instead.
    command <- strsplit(line, "\t", fixed = TRUE)[[1L]]
    withRestarts(obey(command), abort = function() reply(command[2L], "ok"))
  })
})
