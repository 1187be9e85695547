// SPDX-License-Identifier: MIT

// A program of another language's runtime: goroutines on threads of its own making, calls without a C library.
//
//	goroutines WORKERS ROUNDS SWITCHES-FILE
//
// Prints what it computed, and ends with status 3. Into the file go its threads' numbers and the switches that the
// kernel had counted for each, in the order in which its first thread read them.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

func number(text string) int {
	value, err := strconv.Atoi(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return value
}

// A call of the kernel for each round, and a thread for each worker: none gives its thread back.
func work(rounds int, sum *int, begin, end *sync.WaitGroup) {
	runtime.LockOSThread()
	begin.Done()
	begin.Wait()
	for i := 0; i < rounds; i++ {
		if syscall.Getppid() != 0 {
			*sum += i
		}
	}
	end.Done()
	select {}
}

// By calls of this thread alone, so that whoever recorded them knows when each was read.
func text(path string) string {
	var bytes [4096]byte
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		return ""
	}
	size, _ := syscall.Pread(fd, bytes[:], 0)
	syscall.Close(fd)
	return string(bytes[:size])
}

func switches(status string) int {
	sum := 0
	for _, line := range strings.Split(status, "\n") {
		if name, value, found := strings.Cut(line, ":"); found && strings.HasSuffix(name, "_ctxt_switches") {
			sum += number(strings.TrimSpace(value))
		}
	}
	return sum
}

func tellSwitches(path string) {
	var told strings.Builder
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		fmt.Fprintln(&told, task.Name(), switches(text("/proc/self/task/"+task.Name()+"/status")))
	}
	if err := os.WriteFile(path, []byte(told.String()), 0o666); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func main() {
	runtime.LockOSThread()
	workers, rounds := number(os.Args[1]), number(os.Args[2])
	sums := make([]int, workers)
	var begin, end sync.WaitGroup
	begin.Add(workers)
	end.Add(workers)
	for i := range sums {
		go work(rounds, &sums[i], &begin, &end)
	}
	end.Wait()
	fmt.Println(sums)
	fmt.Fprintln(os.Stderr, "to stderr")
	tellSwitches(os.Args[3])
	os.Exit(3)
}
