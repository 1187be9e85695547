// SPDX-License-Identifier: MIT

// Go's runtime/trace: a region of nothing. The same loop as peer_loop.c.
//
//	peer-go on|off ROUNDS SPANS THREADS     fastest and p10, ns per span, of the slower thread
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/trace"
	"sort"
	"strconv"
	"sync"
	"time"
)

type rounds struct{ fastest, p10 float64 }

//go:noinline
func spans(ctx context.Context, count int) {
	for i := 0; i < count; i++ {
		trace.StartRegion(ctx, "span").End()
	}
}

func measure(ctx context.Context, count, each int, together *sync.WaitGroup) rounds {
	runtime.LockOSThread()
	spans(ctx, each)
	together.Done()
	together.Wait()
	ns := make([]float64, count)
	for i := range ns {
		time.Sleep(time.Millisecond)
		begin := time.Now()
		spans(ctx, each)
		ns[i] = float64(time.Since(begin).Nanoseconds()) / float64(each)
	}
	sort.Float64s(ns)
	return rounds{ns[0], ns[count/10]}
}

func slowerOf(count, each, threads int) rounds {
	var together, over sync.WaitGroup
	results := make([]rounds, threads)
	together.Add(threads)
	over.Add(threads)
	for i := range results {
		go func(i int) {
			defer over.Done()
			results[i] = measure(context.Background(), count, each, &together)
		}(i)
	}
	over.Wait()
	sort.Slice(results, func(a, b int) bool { return results[a].p10 > results[b].p10 })
	return results[0]
}

func number(at int) int {
	value, err := strconv.Atoi(os.Args[at])
	if err != nil || value < 1 {
		fmt.Fprintln(os.Stderr, "usage: peer-go on|off ROUNDS SPANS THREADS")
		os.Exit(2)
	}
	return value
}

func main() {
	isOn := len(os.Args) == 5 && os.Args[1] == "on"
	count, each, threads := number(2), number(3), number(4)
	runtime.GOMAXPROCS(threads)
	if isOn {
		out, err := os.Create(os.Getenv("PEER_OUT"))
		if err == nil {
			err = trace.Start(out)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	found := slowerOf(count, each, threads)
	if isOn {
		trace.Stop()
	}
	fmt.Printf("%.3f %.3f\n", found.fastest, found.p10)
}
