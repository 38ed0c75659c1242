package sched

// mostQuick is how many tasks that call nobody are under way at once: enough for
// their records to share syncs, and few enough for a stop to come soon.
const mostQuick = 256

// pool is a number of slots, and the tasks that want one.
type pool struct {
	ready      queue // Ready, and Queued with a key in hand
	most, used int   // slots
}

// queue is a heap of tasks that want a slot: first those that hold up the
// longest chain, then in the order of the plan.
type queue []*task

// Len, Less, Swap, Push and Pop make it a heap.Interface.
func (q queue) Len() int { return len(q) }

// Less orders by rank, then by index.
func (q queue) Less(i, j int) bool {
	if q[i].rank != q[j].rank {
		return q[i].rank > q[j].rank
	}
	return q[i].index < q[j].index
}

// Swap swaps two tasks.
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push appends a task.
func (q *queue) Push(x any) { *q = append(*q, x.(*task)) }

// Pop takes the last task off.
func (q *queue) Pop() any {
	old := *q
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return t
}
