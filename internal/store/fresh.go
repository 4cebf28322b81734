package store

import (
	"context"
	"database/sql"
	"slices"
	"sync"

	"ramier/internal/sms"
)

// fresh holds jobs that were accepted lately and are still in the queue, so that a claim need not read their messages.
type fresh struct {
	mu    sync.Mutex
	jobs  map[int64]*freshJob
	order []int64 // of the jobs, the oldest first
	size  int     // messages
}

// maxFresh is how many messages are kept.
const maxFresh = 25_000

// freshJob is a job as it was accepted. Its messages have consecutive ids, the first the job's.
type freshJob struct {
	job      *sms.Job
	messages []sms.Message
	rev      int64 // of the service, when its opt-outs were read
}

// claimed adds those messages from first to last to all which the carrier gets.
func (j *freshJob) claimed(all []Claimed, carrier, first, last int64) []Claimed {
	for _, m := range j.messages[first-j.job.ID : last-j.job.ID+1] {
		if m.CarrierID == carrier && m.State != sms.Refused {
			all = append(all, Claimed{Message: m, Job: j.job})
		}
	}
	return all
}

func (f *fresh) put(j *freshJob) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs == nil {
		f.jobs = map[int64]*freshJob{}
	}
	if len(j.messages) > maxFresh {
		return
	}
	f.jobs[j.job.ID] = j
	f.order = append(f.order, j.job.ID)
	f.size += len(j.messages)
	for f.size > maxFresh {
		f.drop(f.order[0])
		f.order = f.order[1:]
	}
	if len(f.order) > 2*len(f.jobs)+1000 {
		f.order = slices.DeleteFunc(f.order, func(id int64) bool { return f.jobs[id] == nil })
	}
}

func (f *fresh) drop(job int64) {
	if j := f.jobs[job]; j != nil {
		f.size -= len(j.messages)
		delete(f.jobs, job)
	}
}

// get gives the job of a run that is in the queue as it was accepted, nil if it is not known.
func (f *fresh) get(q queueRun) *freshJob {
	if q.Touched || q.Attempts != 0 {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.jobs[q.JobID]
}

// done forgets a job whose last message has been claimed.
func (f *fresh) done(j *freshJob, last int64) {
	if last < j.job.ID+int64(len(j.messages))-1 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(j.job.ID)
}

func (f *fresh) empty() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.jobs, f.order, f.size = nil, nil, 0
}

// freshJobs gives for each run the job from memory, nil where the messages must be read. Receivers may have answered STOP since
// the job was accepted; then the revision of its service is another.
func (s *Store) freshJobs(ctx context.Context, t *tx, runs []queueRun) ([]*freshJob, error) {
	jobs := make([]*freshJob, len(runs))
	revs := map[int64]int64{}
	for i, q := range runs {
		if jobs[i] = s.fresh.get(q); jobs[i] != nil && jobs[i].job.Marketing {
			revs[q.ServiceID] = -1
		}
	}
	services, _ := sorted(revs)
	err := t.query(ctx, "SELECT b.service_id, b.rev FROM v JOIN balance b ON b.service_id = v.id", func(r *sql.Rows) error {
		var service, rev int64
		err := r.Scan(&service, &rev)
		revs[service] = rev
		return err
	}, ints("id", services))
	for i, j := range jobs {
		if j != nil && j.job.Marketing && revs[runs[i].ServiceID] != j.rev {
			jobs[i] = nil
		}
	}
	return jobs, err
}
