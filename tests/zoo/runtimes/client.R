words <- commandArgs(TRUE)
s <- tryCatch(suppressWarnings(socketConnection(words[1], as.integer(words[2]), open = "r", blocking = TRUE, timeout = as.integer(words[3]))),
    error = function(e) NULL)
cat(if (is.null(s)) "cannot open" else readLines(s, 1), "\n")
