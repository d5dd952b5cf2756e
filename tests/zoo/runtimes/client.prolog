:- use_module(library(socket)).
:- initialization(main, main).
main([Host, Port|_]) :-
    atom_number(Port, Number),
    catch((tcp_connect(Host:Number, S, []), read_line_to_string(S, Said), writeln(Said)),
        error(socket_error(Id, _), _), writeln(Id)).
