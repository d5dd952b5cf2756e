// What a Go program sees of its connections, a line for each thing asked for.
//
//	dial TARGET...        the banner of each, at once, or why there is none
//	timeout TARGET        net.DialTimeout of 50 ms, and a context that is cancelled after 60
//	many TARGET COUNT     that many at once: how many banners came, in how many threads
//	lookup NAME           its addresses
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

func banner(target string) string {
	connection, err := net.Dial("tcp", target)
	if err != nil {
		var number syscall.Errno
		if errors.As(err, &number) {
			return number.Error()
		}
		return err.Error()
	}
	defer connection.Close()
	bytes, err := io.ReadAll(connection)
	if err != nil {
		return err.Error()
	}
	return connection.RemoteAddr().String() + " " + strings.TrimSpace(string(bytes))
}

// Each of them at once, in the order of the arguments.
func all(count int, do func(int) string) []string {
	var group sync.WaitGroup
	results := make([]string, count)
	for i := range results {
		group.Add(1)
		go func(i int) {
			defer group.Done()
			results[i] = do(i)
		}(i)
	}
	group.Wait()
	return results
}

func number(results []string, part string) int {
	count := 0
	for _, result := range results {
		if strings.Contains(result, part) {
			count++
		}
	}
	return count
}

func threads() string {
	bytes, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(bytes), "Threads:\t")
	count, _, _ := strings.Cut(rest, "\n")
	return count
}

func late(what string, after time.Duration, dial func() error) {
	begin := time.Now()
	err := dial()
	took := time.Since(begin)
	fmt.Println(what, err != nil && took >= after && took < after+100*time.Millisecond)
}

func timeout(target string) {
	late("timeout", 50*time.Millisecond, func() error {
		_, err := net.DialTimeout("tcp", target, 50*time.Millisecond)
		return err
	})
	late("cancelled", 60*time.Millisecond, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Millisecond)
		defer cancel()
		_, err := (&net.Dialer{}).DialContext(ctx, "tcp", target)
		return err
	})
}

func main() {
	arguments := os.Args[2:]
	switch os.Args[1] {
	case "dial":
		for _, line := range all(len(arguments), func(i int) string { return banner(arguments[i]) }) {
			fmt.Println(line)
		}
	case "timeout":
		timeout(arguments[0])
	case "many":
		count, _ := strconv.Atoi(arguments[1])
		begin := time.Now()
		results := all(count, func(int) string { return banner(arguments[0]) })
		fmt.Println(number(results, "hello"), threads(), time.Since(begin).Milliseconds())
	case "lookup":
		addresses, err := net.LookupHost(arguments[0])
		fmt.Println(addresses, err)
	}
}
