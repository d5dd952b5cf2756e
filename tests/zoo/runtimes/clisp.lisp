(handler-case
  (write-line (read-line (socket:socket-connect (parse-integer (second ext:*args*)) (first ext:*args*)
    :timeout (parse-integer (third ext:*args*)))))
  (error (wrong) (print (type-of wrong))))
