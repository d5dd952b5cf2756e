// For supervise.sh: what connections cost a Go program, a number a line.
//
//	dials TARGET COUNT [PROXY]      milliseconds until so many, begun at once, have a byte each; with PROXY it says CONNECT itself;
//	                                then how many have one, and the threads
//	serial TARGET COUNT             microseconds for one dial, a byte and the close, one after the other
//	deadline TARGET COUNT           by how many milliseconds DialTimeout of 50 ms is late: the median
//	pull TARGET BYTES               MB/s
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

func dial(target, proxy string) (net.Conn, *bufio.Reader, error) {
	if proxy == "" {
		connection, err := net.Dial("tcp", target)
		if err != nil {
			return nil, nil, err
		}
		return connection, bufio.NewReader(connection), nil
	}
	connection, err := net.Dial("tcp", proxy)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(connection, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
	reader := bufio.NewReader(connection)
	reply, err := http.ReadResponse(reader, &http.Request{Method: "CONNECT"})
	if err == nil && reply.StatusCode != 200 {
		err = fmt.Errorf("%s", reply.Status)
	}
	return connection, reader, err
}

func one(target, proxy string) bool {
	connection, reader, err := dial(target, proxy)
	if connection != nil {
		defer connection.Close()
	}
	if err != nil {
		return false
	}
	_, err = reader.ReadByte()
	return err == nil
}

func dials(target string, count int, proxy string) {
	var group sync.WaitGroup
	var lock sync.Mutex
	good := 0
	begin := time.Now()
	for i := 0; i < count; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			if one(target, proxy) {
				lock.Lock()
				good++
				lock.Unlock()
			}
		}()
	}
	group.Wait()
	took := time.Since(begin)
	bytes, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(bytes), "Threads:\t")
	threads, _, _ := strings.Cut(rest, "\n")
	fmt.Println(took.Milliseconds(), good, threads)
}

func deadline(target string, count int) {
	var late []float64
	for i := 0; i < count; i++ {
		begin := time.Now()
		connection, err := net.DialTimeout("tcp", target, 50*time.Millisecond)
		if err == nil {
			connection.Close()
		}
		late = append(late, float64(time.Since(begin).Microseconds())/1000-50)
	}
	sort.Float64s(late)
	fmt.Printf("%.2f\n", late[len(late)/2])
}

func pull(target string, bytes int64) {
	connection, err := net.Dial("tcp", target)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	begin := time.Now()
	got, _ := io.CopyBuffer(struct{ io.Writer }{io.Discard}, io.LimitReader(connection, bytes), make([]byte, 256*1024))
	fmt.Printf("%.0f\n", float64(got)/1e6/time.Since(begin).Seconds())
}

func main() {
	target := os.Args[2]
	count, _ := strconv.Atoi(os.Args[3])
	switch os.Args[1] {
	case "dials":
		proxy := ""
		if len(os.Args) > 4 {
			proxy = os.Args[4]
		}
		dials(target, count, proxy)
	case "serial":
		begin := time.Now()
		for i := 0; i < count; i++ {
			if !one(target, "") {
				fmt.Println("refused")
				os.Exit(1)
			}
		}
		fmt.Println(time.Since(begin).Microseconds() / int64(count))
	case "deadline":
		deadline(target, count)
	case "pull":
		pull(target, int64(count))
	}
}
