package ecs

import (
	"context"
	"strings"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/ecs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// jobState is what a job says; the zero value stands for a job that the service
// does not know (any more).
type jobState struct {
	running, succeeded bool
	serverID           string // the server that it works on, if it says so
	steps              []providers.Substep
	message            string
}

// job reads a job; one that failed is an error.
func (a api) job(ctx context.Context, id string) (jobState, error) {
	if id == "" {
		return jobState{}, nil
	}
	r, err := a.showJob(ctx, id)
	if huaweicloud.Gone(err) {
		return jobState{}, nil
	}
	if err != nil {
		return jobState{}, err
	}
	entities := huaweicloud.Val(r.Entities)
	s := jobState{serverID: huaweicloud.Val(entities.ServerId), message: "waiting for job " + id}
	for _, sub := range huaweicloud.Val(entities.SubJobs) {
		if own := huaweicloud.Val(sub.Entities).ServerId; own != nil && s.serverID == "" {
			s.serverID = *own
		}
		step := providers.Substep{
			Name:   huaweicloud.Val(sub.JobType),
			Status: stepStatus(huaweicloud.Val(sub.Status).Value()),
			Detail: huaweicloud.Val(sub.FailReason),
		}
		if step.Status == "processing" {
			s.message = step.Name + " (job " + id + ")"
		}
		s.steps = append(s.steps, step)
	}
	switch status := huaweicloud.Val(r.Status).Value(); status {
	case "FAIL":
		return s, jobFailure(id, r, s)
	case "SUCCESS":
		s.succeeded = true
	default:
		s.running = true
	}
	return s, nil
}

// stepStatus maps the status of a job to the words of providers.Substep.
func stepStatus(s string) string {
	switch s {
	case "RUNNING":
		return "processing"
	case "SUCCESS":
		return "finished"
	case "FAIL":
		return "failed"
	}
	return "waiting"
}

func jobFailure(id string, r *model.ShowJobResponse, s jobState) error {
	var reasons []string
	if reason := huaweicloud.Val(r.FailReason); reason != "" {
		reasons = append(reasons, reason)
	}
	for _, step := range s.steps {
		if step.Status == "failed" && step.Detail != "" {
			reasons = append(reasons, step.Name+": "+step.Detail)
		}
	}
	message := "job " + id + " failed"
	if len(reasons) > 0 {
		message += ": " + strings.Join(reasons, "; ")
	}
	advice := "Correct what the message names, then apply again."
	if s.serverID != "" {
		advice = "Correct what the message names and delete the server " + s.serverID + " if it was left behind, then apply again."
	}
	return &providers.Error{
		Kind:      providers.Failed,
		Operation: "ShowJob",
		Code:      huaweicloud.Val(r.ErrorCode),
		Message:   message,
		Advice:    advice,
	}
}
