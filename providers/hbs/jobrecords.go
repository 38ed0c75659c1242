package hbs

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

var deleteHuaweiChainJobs = operation[deleteJobsRequest, result]{name: "DeleteHuaweiChainJobs", method: http.MethodDelete, path: "huaweicloudchain/jobs"}

type (
	deleteJobsRequest struct {
		Body *jobIDs `json:"body" at:"body"`
	}
	jobIDs struct {
		Jobs []string `json:"jobs"`
	}
)

// maxRecords is how many records of jobs one call deletes.
const maxRecords = 100

// stageRecords is that of a delete whose instance is gone, and the records of its
// jobs are not yet.
const stageRecords = "records"

// delete releases an instance, then the records of its jobs if they shall go too.
// What is still listed decides what is sent, so a lost answer needs no care.
//
//	""  --released--> records  --none is left--> done
func (p instance) delete(ctx context.Context, req *providers.Request, op providers.Operation) (providers.Progress, error) {
	if op.Stage == stageRecords {
		return p.forgetJobs(ctx, req, op)
	}
	progress, err := p.release(ctx, op, release{instance: req.ObjectID, whole: true, settling: req.Settling})
	if err == nil && progress.Done && req.Properties["deleteJobs"] == true {
		return providers.Progress{Next: providers.Operation{Stage: stageRecords, ObjectID: req.ObjectID}}, nil
	}
	return progress, err
}

// forgetJobs deletes the records of jobs that have ended; the service keeps those
// of others.
func (p instance) forgetJobs(ctx context.Context, req *providers.Request, op providers.Operation) (providers.Progress, error) {
	all, err := p.jobsOf(ctx, req.ObjectID, req.String("name"))
	if err != nil {
		return providers.Progress{}, err
	}
	var ended []string
	for _, j := range all {
		if j.Status == jobFailed || j.Status == jobSuccess {
			ended = append(ended, j.ID)
		}
	}
	wait := providers.Progress{Next: op, Message: fmt.Sprintf("records of jobs that are left: %d", len(all))}
	switch {
	case len(all) == 0:
		return providers.Progress{Done: true}, nil
	case len(ended) == 0:
		wait.After = poll
		return wait, nil
	case req.Settling:
		return providers.Progress{}, &providers.Error{
			Kind: providers.Failed, Message: "the instance is gone, and records of its jobs are left: " + strconv.Itoa(len(all)),
			Advice: "Delete them on the console if they are to go.",
		}
	}
	_, err = deleteHuaweiChainJobs.change(ctx, p.api, &deleteJobsRequest{&jobIDs{ended[:min(len(ended), maxRecords)]}})
	if huaweicloud.Gone(err) { // somebody else was faster
		err = nil
	}
	return wait, err
}
