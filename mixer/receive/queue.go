package receive

// queue is decoded audio that waits to be pulled, with some of what was pulled before kept in front of
// it for stretching. All memory is made with it.
type queue struct {
	samples []int16 // cap is all there is
	head    int     // the first that was not pulled
	context int     // how many before head to keep
}

func newQueue(context, room int) queue {
	return queue{samples: make([]int16, 0, 2*context+room), context: context}
}

func (q *queue) len() int { return len(q.samples) - q.head }

// room gives how many samples can be appended.
func (q *queue) room() int {
	return cap(q.samples) - q.context - q.len()
}

// grow gives the place for n more samples, fewer when there is no room for all; keep tells how many
// of them were written.
func (q *queue) grow(n int) []int16 {
	if (cap(q.samples)-len(q.samples) < n || len(q.samples) == q.head) && q.head > q.context {
		kept := copy(q.samples, q.samples[q.head-q.context:])
		q.samples, q.head = q.samples[:kept], q.context
	}
	n = min(n, cap(q.samples)-len(q.samples))
	return q.samples[len(q.samples) : len(q.samples)+n]
}

func (q *queue) keep(n int) { q.samples = q.samples[:len(q.samples)+n] }

// read pulls len(dst) samples; that many must be there.
func (q *queue) read(dst []int16) {
	q.head += copy(dst, q.samples[q.head:])
}
