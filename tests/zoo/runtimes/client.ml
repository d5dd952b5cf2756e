let () =
  match Unix.getaddrinfo Sys.argv.(1) Sys.argv.(2) [Unix.AI_SOCKTYPE Unix.SOCK_STREAM; Unix.AI_FAMILY Unix.PF_INET] with
  | found :: _ ->
    let s = Unix.socket found.ai_family found.ai_socktype 0 in
    (try
      Unix.connect s found.ai_addr;
      print_endline (input_line (Unix.in_channel_of_descr s))
    with Unix.Unix_error (wrong, _, _) -> print_endline (Unix.error_message wrong))
  | [] -> print_endline "no such name"
