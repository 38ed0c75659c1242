package executor

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestAtOnce(t *testing.T) {
	for _, c := range []struct{ parallelism, all, most int }{
		{3, 10, 3}, {1, 4, 1}, {0, 25, defaultParallelism}, {8, 2, 2}, {3, 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var begun, ended, most int
			atOnce(c.parallelism, make([]int, c.all), func(int) {
				mu.Lock()
				begun++
				most = max(most, begun-ended)
				mu.Unlock()
				time.Sleep(time.Second) // all the others that may begin do
				mu.Lock()
				ended++
				mu.Unlock()
			})
			if ended != c.all || most != c.most {
				t.Errorf("%+v: %d were done, %d at once", c, ended, most)
			}
		})
	}
}
