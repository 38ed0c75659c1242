package emulator

import (
	"net/http"
	"strings"
	"time"
)

const kindJob = "ecs.job"

// job is asynchronous work of ECS, with a part for each server. As with an
// operation of BCS, its state is a function of the clock.
type job struct {
	ID      string
	Project string
	Type    string // "createServer" or "deleteServer"
	SubType string
	Servers []string
	SubJobs []string // IDs, in the order of Servers
	Began   time.Time
	Ends    time.Time
	Failure string // why it fails; "" if it does not
	Options jobOptions
}

// jobOptions are what the request says beyond the servers.
type jobOptions struct {
	ClientToken    string `json:",omitempty"`
	DeletePublicIP bool   `json:",omitempty"`
	DeleteVolume   bool   `json:",omitempty"`
}

func (j *job) object() Object {
	return Object{Kind: kindJob, ID: j.ID, Project: j.Project, Name: j.Options.ClientToken, Created: j.Began}
}

// newJobID makes an ID as ECS has them: 32 hex digits.
func newJobID() string { return strings.ReplaceAll(newID(), "-", "") }

// startJob begins a job, and stores it.
func (c *call) startJob(kind, subKind string, servers []string, takes time.Duration, o jobOptions) (*job, error) {
	j := &job{
		ID: newJobID(), Project: c.project, Type: kind, SubType: subKind, Servers: servers,
		Began: c.now, Ends: c.ends(takes), Failure: c.fault.FailOperation, Options: o,
	}
	for range servers {
		j.SubJobs = append(j.SubJobs, newJobID())
	}
	if err := c.put(j); err != nil {
		return nil, err
	}
	return j, c.schedule(kindJob, j.ID, j.Ends)
}

// settleJob ends a job.
func settleJob(c *call, id string) error {
	j, err := get[job](c.tx, kindJob, id)
	if err != nil || j == nil {
		return err
	}
	for _, serverID := range j.Servers {
		s, err := get[server](c.tx, kindServer, serverID)
		if err != nil {
			return err
		}
		if s == nil {
			continue
		}
		if err := c.endForServer(j, s); err != nil {
			return err
		}
	}
	return nil
}

// endForServer is what the end of a job means for one of its servers.
func (c *call) endForServer(j *job, s *server) error {
	s.Updated = c.now
	switch {
	case j.Type == "deleteServer" && j.Failure == "":
		return c.dismantle(s, j.Options)
	case j.Type == "deleteServer":
		s.Deleting = false
	case j.Failure != "":
		s.Status, s.Fault = "ERROR", j.Failure
	default:
		s.Status, s.Launched = "ACTIVE", c.now
	}
	return c.put(s)
}

// dismantle takes a server away with its cards and its system disk. Its elastic
// address and its data disks go along if asked, and stay behind otherwise.
func (c *call) dismantle(s *server, o jobOptions) error {
	for _, v := range s.Volumes {
		d := &disk{volume: v, Project: s.Project, Created: s.Created}
		var err error
		if v.Boot || o.DeleteVolume {
			err = c.remove(d)
		} else {
			err = c.put(d)
		}
		if err != nil {
			return err
		}
	}
	list, err := all[publicIP](c.tx, kindPublicIP, s.Project)
	if err != nil {
		return err
	}
	for _, card := range s.Nics {
		for _, p := range list {
			if p.Port != card.Port {
				continue
			}
			if o.DeletePublicIP {
				err = c.remove(p)
			} else {
				err = c.unbind(p)
			}
			if err != nil {
				return err
			}
		}
		if err := c.remove(&port{ID: card.Port}); err != nil {
			return err
		}
	}
	return c.remove(s)
}

// initShare is the share of a job, in percent, that passes in status INIT.
const initShare = 5

// status is the job's status at a moment.
func (j *job) status(now time.Time) string {
	switch {
	case now.Before(j.Began.Add(j.Ends.Sub(j.Began) * initShare / 100)):
		return "INIT"
	case now.Before(j.Ends):
		return "RUNNING"
	case j.Failure != "":
		return "FAIL"
	}
	return "SUCCESS"
}

// showJob answers ShowJob.
func showJob(c *call) (reply, error) {
	j, err := get[job](c.tx, kindJob, c.params["job_id"])
	if err != nil {
		return reply{}, err
	}
	if j == nil || j.Project != c.project {
		return reply{}, refuse(ecsNoJob, "The job %s could not be found.", c.params["job_id"]).withStatus(http.StatusNotFound)
	}
	return answer(j.wire(c.now))
}

func (j *job) wire(now time.Time) map[string]any {
	subs := []any{}
	for n, id := range j.SubJobs {
		sub := j.part(id, j.SubType, now)
		sub["entities"] = map[string]any{"server_id": j.Servers[n]}
		subs = append(subs, sub)
	}
	w := j.part(j.ID, j.Type, now)
	w["entities"] = map[string]any{"sub_jobs_total": len(subs), "sub_jobs": subs}
	return w
}

// part is what a job and its sub jobs have in common.
func (j *job) part(id, kind string, now time.Time) map[string]any {
	w := map[string]any{
		"job_id": id, "job_type": kind, "status": j.status(now),
		"begin_time": j.Began.UTC().Format("2006-01-02T15:04:05.000Z"), "end_time": "",
		"error_code": nil, "fail_reason": nil,
	}
	if !now.Before(j.Ends) {
		w["end_time"] = j.Ends.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	if w["status"] == "FAIL" {
		w["error_code"], w["fail_reason"] = "Ecs.0000", j.Failure
	}
	return w
}
