import Control.Exception
import Network.Socket
import System.Environment
import System.IO
main :: IO ()
main = do
  (host : port : _) <- getArgs
  found <- getAddrInfo (Just defaultHints { addrSocketType = Stream, addrFamily = AF_INET }) (Just host) (Just port)
  fd <- openSocket (head found)
  tried <- try (connect fd (addrAddress (head found))) :: IO (Either IOException ())
  case tried of
    Left _ -> putStrLn "no connection"
    Right _ -> socketToHandle fd ReadMode >>= hGetLine >>= putStrLn
