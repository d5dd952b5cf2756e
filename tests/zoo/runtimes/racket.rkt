#lang racket/base
(require racket/tcp)
(define arguments (current-command-line-arguments))
(with-handlers ([exn:fail:network:errno? (lambda (e) (displayln (exn:fail:network:errno-errno e)))])
  (define-values (in out) (tcp-connect (vector-ref arguments 0) (string->number (vector-ref arguments 1))))
  (displayln (read-line in)))
