(require :sb-bsd-sockets)
(handler-case
  (let ((s (make-instance 'sb-bsd-sockets:inet-socket :type :stream :protocol :tcp))
        (host (second sb-ext:*posix-argv*)) (port (parse-integer (third sb-ext:*posix-argv*))))
    (sb-bsd-sockets:socket-connect s (sb-bsd-sockets:host-ent-address (sb-bsd-sockets:get-host-by-name host)) port)
    (write-line (read-line (sb-bsd-sockets:socket-make-stream s :input t))))
  (sb-bsd-sockets:socket-error (wrong) (print (type-of wrong))))
