{$mode objfpc}
program client;
uses sysutils, ssockets;
var s: TInetSocket; said: array[0..4] of char;
begin
  try
    s := TInetSocket.Create(ParamStr(1), StrToInt(ParamStr(2)));
    s.Read(said, 5);
    writeln(said);
  except
    on wrong: ESocketError do writeln('no connection');
  end;
end.
