-module(client).
-export([main/1]).
main([Host, Port, Seconds]) ->
    case gen_tcp:connect(Host, list_to_integer(Port), [{active, false}, list],
            list_to_integer(Seconds) * 1000) of
        {ok, S} -> {ok, Said} = gen_tcp:recv(S, 5), io:format("~s~n", [Said]);
        Wrong -> io:format("~p~n", [Wrong])
    end,
    halt().
