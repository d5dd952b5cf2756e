(require :sockets)
(let* ((words (last (ext:command-args) 3)) (s (make-instance 'sb-bsd-sockets:inet-socket :type :stream :protocol :tcp)))
  (handler-case
    (progn
      (sb-bsd-sockets:socket-connect s (sb-bsd-sockets:host-ent-address (sb-bsd-sockets:get-host-by-name (first words)))
        (parse-integer (second words)))
      (write-line (read-line (sb-bsd-sockets:socket-make-stream s :input t :output t))))
    (error (wrong) (print (type-of wrong)))))
