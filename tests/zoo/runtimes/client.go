package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

func main() {
	seconds, _ := strconv.Atoi(os.Args[3])
	s, wrong := net.DialTimeout("tcp", os.Args[1]+":"+os.Args[2], time.Duration(seconds)*time.Second)
	if wrong != nil {
		fmt.Println(wrong.(*net.OpError).Timeout())
		return
	}
	said := make([]byte, 5)
	s.Read(said)
	fmt.Println(string(said))
}
