with Ada.Text_IO, Ada.Command_Line, Ada.Streams, GNAT.Sockets;
procedure Client is
   use Ada.Command_Line, Ada.Streams, GNAT.Sockets;
   S : Socket_Type;
   A : Sock_Addr_Type;
   Status : Selector_Status;
   Said : Stream_Element_Array (1 .. 5);
   Last : Stream_Element_Offset;
begin
   A.Addr := Addresses (Get_Host_By_Name (Argument (1)), 1);
   A.Port := Port_Type'Value (Argument (2));
   Create_Socket (S);
   Connect_Socket (S, A, Duration'Value (Argument (3)), Status => Status);
   Ada.Text_IO.Put_Line (Status'Image);
   if Status = Completed then
      Receive_Socket (S, Said, Last);
      for C of Said loop
         Ada.Text_IO.Put (Character'Val (C));
      end loop;
   end if;
exception
   when Socket_Error => Ada.Text_IO.Put_Line ("socket error");
end Client;
