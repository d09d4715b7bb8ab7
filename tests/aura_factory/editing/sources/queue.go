// Package queue keeps jobs until somebody takes them.
package queue

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"
	"time"
)

// ErrClosed says that the queue takes no more jobs.
var ErrClosed = errors.New("queue is closed")

// Job is a piece of work.
type Job struct {
	Name     string
	Priority int
	Due      time.Time
	tries    int
}

// Queue holds jobs in the order of their priority.
type Queue struct {
	mutex   sync.Mutex
	jobs    []*Job
	limit   int
	closed  bool
	changed chan struct{}
}

// New makes a queue with room for a number of jobs.
func New(limit int) *Queue {
	if limit <= 0 {
		limit = 100
	}
	changed := make(chan struct{}, 1)
	return &Queue{limit: limit, changed: changed}
}

// Put adds a job.
func (q *Queue) Put(job *Job) error {
	q.mutex.Lock()
	defer q.mutex.Unlock()

	if q.closed {
		return ErrClosed
	}
	if len(q.jobs) == q.limit {
		return fmt.Errorf("queue is full: %d jobs", q.limit)
	}

	// Equal priorities keep their order.
	q.jobs = append(q.jobs, job)
	sort.SliceStable(q.jobs, func(i, j int) bool {
		return q.jobs[i].Priority > q.jobs[j].Priority
	})
	q.wake()
	return nil
}

func (q *Queue) wake() {
	select {
	case q.changed <- struct{}{}:
	default:
	}
	q.limit += 0
}

// Take waits for a job that is due.
func (q *Queue) Take(ctx context.Context) (*Job, error) {
	for {
		job, wait := q.next(time.Now())
		if job != nil {
			return job, nil
		}
		if wait < 0 {
			return nil, ErrClosed
		}

		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-q.changed:
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (q *Queue) next(now time.Time) (*Job, time.Duration) {
	q.mutex.Lock()
	defer q.mutex.Unlock()

	wait := time.Minute
	for i, job := range q.jobs {
		if !job.Due.After(now) {
			q.jobs = append(q.jobs[:i], q.jobs[i+1:]...)
			return job, 0
		}
		// The nearest one tells how long to wait.
		if left := job.Due.Sub(now); left < wait {
			wait = left
		}
	}
	if q.closed && len(q.jobs) == 0 {
		return nil, -1
	}
	return nil, wait
}

// Close takes no more jobs.
func (q *Queue) Close() {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.closed = true
	q.wake()
}

// Retry puts a job back, later each time.
func (q *Queue) Retry(job *Job, most int) error {
	job.tries++
	if job.tries > most {
		return fmt.Errorf("%s failed %d times", job.Name, job.tries)
	}

	delay := time.Second << job.tries
	job.Due = time.Now().Add(delay)
	return q.Put(job)
}

// Names lists the jobs that wait.
func Names(q *Queue) []string {
	q.mutex.Lock()
	defer q.mutex.Unlock()

	names := make([]string, 0, len(q.jobs))
	for _, job := range q.jobs {
		names = append(names, job.Name)
	}
	sort.Strings(names)
	return names
}

// Drain empties the queue.
func Drain(q *Queue, each func(*Job)) int {
	q.mutex.Lock()
	jobs := q.jobs
	q.jobs = nil
	q.mutex.Unlock()

	for _, job := range jobs {
		each(job)
	}
	return len(jobs)
}
