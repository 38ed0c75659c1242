package executor

import "sync"

// atOnce does something to each of a list, to so many at a time as parallelism says;
// 0 means 10. It returns when all is done.
func atOnce[T any](parallelism int, all []T, do func(T)) {
	work := make(chan T)
	var wg sync.WaitGroup
	for range min(Options{Parallelism: parallelism}.parallelism(), len(all)) {
		wg.Go(func() {
			for x := range work {
				do(x)
			}
		})
	}
	for _, x := range all {
		work <- x
	}
	close(work)
	wg.Wait()
}
