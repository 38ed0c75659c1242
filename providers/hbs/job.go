package hbs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// Types and statuses of jobs (API reference 2.5.2.1). Failed and Success are
// final.
const (
	jobCreateInstance = "CreateInstance"
	jobDeleteInstance = "DeleteInstance"
	jobCreateOrg      = "CreateOrganization"
	jobDeleteOrg      = "DeleteOrganization"
	jobUpgrade        = "UpgradeChainEngine"

	jobInitializing = "Initializing"
	jobRunning      = "Running"
	jobFailed       = "Failed"
	jobSuccess      = "Success"
)

// settled is what an object itself says about the work on it.
type settled struct {
	done    bool
	object  *providers.Object // of a done create or update
	waiting string            // what it waits for, if not done
	next    *providers.Operation
	other   *providers.Progress // says it all
}

// await tells how far work is. Its job knows best while it runs. If the job has
// not begun, because something may have to be paid first, has ended well, or is
// gone (nobody says how long jobs are kept), the object itself decides: settle is
// asked, with finished telling whether a job says that the work is over.
func (a api) await(ctx context.Context, op providers.Operation, settle func(ctx context.Context, finished bool) (settled, error)) (providers.Progress, error) {
	job, err := a.job(ctx, op.ID)
	if err != nil {
		return providers.Progress{}, err
	}
	p := providers.Progress{Next: op, After: poll, Substeps: substeps(job)}
	finished := false
	if job != nil {
		switch job.Status {
		case jobFailed:
			return p, failure(job)
		case jobRunning:
			p.Message = job.text()
			return p, nil
		}
		finished = job.Status == jobSuccess
	}
	s, err := settle(ctx, finished)
	if err != nil {
		return p, err
	}
	return s.progress(p), nil
}

// progress says in p what an object says.
func (s settled) progress(p providers.Progress) providers.Progress {
	switch {
	case s.other != nil:
		return *s.other
	case s.done:
		return providers.Progress{Done: true, Object: s.object, Substeps: p.Substeps}
	case s.next != nil:
		p.Next, p.After = *s.next, 0
	}
	p.Message = s.waiting
	return p
}

// job returns a job, nil if there is none of that ID. One that the service does
// not show is not taken for a failure.
func (a api) job(ctx context.Context, id string) (*jobInfo, error) {
	if id == "" {
		return nil, nil
	}
	r, err := showHuaweiChainJob.read(ctx, a, &jobRequest{id})
	if huaweicloud.Gone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &r.jobInfo, nil
}

// jobsOf returns the jobs on an instance. The list is filtered by a part of the
// name.
func (a api) jobsOf(ctx context.Context, id, name string) ([]jobInfo, error) {
	all, err := a.jobs(ctx, listJobsRequest{Name: name})
	return slices.DeleteFunc(all, func(j jobInfo) bool { return j.Instance != id }), err
}

// jobs lists those that a request asks for, all its pages.
func (a api) jobs(ctx context.Context, q listJobsRequest) ([]jobInfo, error) {
	return pages(pageSize, func(offset, limit int) ([]jobInfo, error) {
		q.Offset, q.Limit = offset, limit
		r, err := listHuaweiChainJobs.read(ctx, a, &q)
		if err != nil {
			return nil, err
		}
		return r.Jobs, nil
	})
}

// newestJob returns the newest job of some types on an instance, nil if there is
// none.
func (a api) newestJob(ctx context.Context, id, name string, types ...string) (*jobInfo, error) {
	all, err := a.jobsOf(ctx, id, name)
	var newest *jobInfo
	for i := range all {
		j := &all[i]
		if slices.Contains(types, j.Type) && (newest == nil || moment(j.Started).After(moment(newest.Started))) {
			newest = j
		}
	}
	return newest, err
}

// text names a running job.
func (j *jobInfo) text() string { return fmt.Sprintf("%s, %d %% (job %s)", j.Type, j.Progress, j.ID) }

// work is a job as evidence.
func (j *jobInfo) work() string {
	return fmt.Sprintf("job %s of type %s, %s, begun %s", j.ID, j.Type, j.Status, j.Started)
}

// substeps shows a job as the one step that the service tells of.
func substeps(j *jobInfo) []providers.Substep {
	if j == nil {
		return nil
	}
	s := providers.Substep{Name: j.Type, Status: "waiting"}
	switch j.Status {
	case jobRunning:
		s.Status, s.Detail = "processing", fmt.Sprintf("%d %%", j.Progress)
	case jobSuccess:
		s.Status = "finished"
	case jobFailed:
		s.Status, s.Detail = "failed", j.Failure
	}
	return []providers.Substep{s}
}

// failure is the error of a job that failed.
func failure(j *jobInfo) error {
	return &providers.Error{
		Kind:      providers.Failed,
		Operation: "ShowHuaweiChainJob",
		Message:   strings.TrimSuffix(fmt.Sprintf("job %s (%s) failed: %s", j.ID, j.Type, j.Failure), ": "),
		Advice:    "Look at the instance on the console, repair what is wrong there or open a service ticket, then apply again.",
	}
}
