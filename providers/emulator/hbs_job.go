package emulator

import (
	"slices"
	"strings"
	"time"
)

const kindHBSJob = "hbs.job"

// Types of jobs (2.5.2.1).
const (
	jobCreateInstance = "CreateInstance"
	jobDeleteInstance = "DeleteInstance"
	jobUpgrade        = "UpgradeChainEngine"
	jobCreateOrg      = "CreateOrganization"
	jobDeleteOrg      = "DeleteOrganization"
)

// jobCourse is how a job of a type goes: how long it takes (the creation of an
// instance by the example of 2.5.2.1, the others are the emulator's choice),
// and the percentages at which its progress stands for a while.
type jobCourse struct {
	takes  time.Duration
	stages []int
}

func courseOf(kind string) jobCourse {
	switch kind {
	case jobCreateInstance:
		return jobCourse{20 * time.Minute, []int{0, 5, 15, 30, 50, 70, 90}}
	case jobCreateOrg:
		return jobCourse{10 * time.Minute, []int{0, 10, 30, 60, 90}}
	case jobUpgrade:
		return jobCourse{15 * time.Minute, []int{0, 10, 40, 70, 95}}
	}
	return jobCourse{5 * time.Minute, []int{0, 20, 60, 90}} // deletions
}

// initializing is the share of a job, in percent, before it is begun.
const initializing = 3

// hbsJob is asynchronous work on an instance. Its state is a function of the
// clock, once it was paid for.
type hbsJob struct {
	ID, Type     string
	Project      string
	Instance     string
	InstanceName string
	Created      time.Time
	Waits        bool // for payment
	Begun        time.Time
	Ends         time.Time
	Failure      string   // why it fails; "" if it does not
	Orgs         []string // UIDs of those that it makes or takes away
	Version      string   // what it upgrades to
	Purchase     string   // the order that it carries out
}

func (j *hbsJob) object() Object {
	return Object{Kind: kindHBSJob, ID: j.ID, Project: j.Project, Parent: j.Instance, Name: j.InstanceName, Created: j.Created}
}

func (c *call) newHBSJob(i *hbsInstance, kind string, uids []string) *hbsJob {
	return &hbsJob{
		ID: newID(), Type: kind, Project: i.Project, Instance: i.ID, InstanceName: i.Name, Created: c.now, Orgs: uids,
		Failure: c.fault.FailOperation,
	}
}

// startHBSJob puts a job on the time line. A failing one fails half way. The
// caller stores both.
func (c *call) startHBSJob(i *hbsInstance, j *hbsJob) error {
	takes := c.e.takes(courseOf(j.Type).takes)
	if j.Failure == "" {
		j.Failure = c.fault.FailOperation // of the payment
	}
	j.Waits, j.Begun, j.Ends = false, c.now.Add(takes*initializing/100), c.now.Add(takes)
	if j.Failure != "" {
		j.Ends = c.now.Add(takes / 2)
	}
	i.Running, i.Updated = j.ID, c.now
	return c.schedule(kindHBSJob, j.ID, j.Ends)
}

// status is the job's status at a moment.
func (j *hbsJob) status(now time.Time) string {
	switch {
	case j.Waits || now.Before(j.Begun):
		return "Initializing"
	case now.Before(j.Ends):
		return "Running"
	case j.Failure != "":
		return "Failed"
	}
	return "Success"
}

// pending tells whether the job has not ended.
func (j *hbsJob) pending(now time.Time) bool { return j.Waits || now.Before(j.Ends) }

// progress is how far the job is, in percent: the last stage that it reached.
func (j *hbsJob) progress(now time.Time) int {
	course := courseOf(j.Type)
	switch {
	case j.Waits:
		return 0
	case !now.Before(j.Ends) && j.Failure == "":
		return 100
	case j.Failure != "" && now.After(j.Ends):
		now = j.Ends
	}
	whole := j.Ends.Sub(j.Begun)
	if j.Failure != "" {
		whole *= 2
	}
	reached := 0
	for _, stage := range course.stages {
		if whole > 0 && now.Sub(j.Begun) >= whole*time.Duration(stage)/100 {
			reached = stage
		}
	}
	return reached
}

func (j *hbsJob) wire(now time.Time) map[string]any {
	w := map[string]any{
		"id": j.ID, "type": j.Type, "status": j.status(now), "failed_message": "", "progress": j.progress(now),
		"instance_id": j.Instance, "instance_name": j.InstanceName, "start_time": hbsTime(j.Created), "end_time": "",
	}
	if !j.pending(now) {
		w["end_time"], w["failed_message"] = hbsTime(j.Ends), j.Failure
	}
	return w
}

// settleHBSJob ends a job.
func settleHBSJob(c *call, id string) error {
	j, err := get[hbsJob](c.tx, kindHBSJob, id)
	if err != nil || j == nil {
		return err
	}
	if err := c.closePurchase(j); err != nil {
		return err
	}
	i, err := get[hbsInstance](c.tx, kindHBSInstance, j.Instance)
	if err != nil || i == nil {
		return err
	}
	i.Running, i.Status, i.Updated = "", hbsAvailable, c.now
	if !i.Built {
		i.Status = hbsException // a creation that succeeds sets it right
	}
	if j.Failure != "" {
		return c.failHBSJob(i, j)
	}
	return c.finishHBSJob(i, j)
}

// closePurchase completes the order of a job, whatever became of the job: it
// was paid.
func (c *call) closePurchase(j *hbsJob) error {
	if j.Purchase == "" {
		return nil
	}
	p, err := get[purchase](c.tx, kindOrder, j.Purchase)
	if err != nil || p == nil {
		return err
	}
	p.Status = orderCompleted
	return c.put(p)
}

// finishHBSJob lets the effect of a job come true.
func (c *call) finishHBSJob(i *hbsInstance, j *hbsJob) error {
	switch j.Type {
	case jobDeleteInstance:
		return c.removeHBS(i)
	case jobCreateInstance:
		i.Built, i.Status = true, hbsAvailable
		i.join(j.Orgs, c.now)
		if err := c.openLedger(i); err != nil {
			return err
		}
	case jobCreateOrg:
		i.join(j.Orgs, c.now)
		if err := c.vote(i, j.Orgs, "join"); err != nil {
			return err
		}
	case jobDeleteOrg:
		if err := c.vote(i, j.Orgs, "leave"); err != nil {
			return err
		}
		if err := c.dropOrgs(i, j.Orgs); err != nil {
			return err
		}
	case jobUpgrade:
		i.Engine = j.Version
	}
	return c.put(i)
}

// failHBSJob is what a failed job leaves behind.
func (c *call) failHBSJob(i *hbsInstance, j *hbsJob) error {
	switch j.Type {
	case jobCreateInstance, jobDeleteInstance:
		i.Status = hbsException
		i.setOrgs(j.Orgs, hbsException, c.now)
	case jobCreateOrg, jobDeleteOrg:
		i.setOrgs(j.Orgs, hbsException, c.now)
	}
	if err := c.restoreFailed(i, j); err != nil {
		return err
	}
	return c.put(i)
}

// showHBSJob answers ShowHuaweiChainJob (2.5.2.1).
func showHBSJob(c *call) (reply, error) {
	id := c.params["job_id"]
	j, err := get[hbsJob](c.tx, kindHBSJob, id)
	if err != nil {
		return reply{}, err
	}
	if j == nil || j.Project != c.project {
		return reply{}, missing("job", id)
	}
	return answer(j.wire(c.now))
}

// maxJobs is the highest number of jobs that a list counts.
const maxJobs = 1000

// listHBSJobs answers ListHuaweiChainJobs (2.5.2.2).
func listHBSJobs(c *call) (reply, error) {
	keep, err := c.jobFilter()
	if err != nil {
		return reply{}, err
	}
	list, err := all[hbsJob](c.tx, kindHBSJob, c.project)
	if err != nil {
		return reply{}, err
	}
	list = slices.DeleteFunc(list, func(j *hbsJob) bool { return !keep(j) })
	newestFirst(list)
	list = list[:min(len(list), maxJobs)]
	part, err := cut(c, list)
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, j := range part {
		wires = append(wires, j.wire(c.now))
	}
	return answer(map[string]any{"count": len(list), "jobs": wires})
}

// jobFilter is what the query of a list of jobs keeps.
func (c *call) jobFilter() (func(*hbsJob) bool, error) {
	var states []string
	if s := c.query.Get("status"); s != "" {
		states = strings.Split(s, ",")
	}
	for _, s := range states {
		if !slices.Contains([]string{"Initializing", "Running", "Failed", "Success"}, s) {
			return nil, badParameter("status", "must be Initializing, Running, Failed or Success, joined with commas")
		}
	}
	var since time.Time
	if s := c.query.Get("start_time"); s != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, s); err != nil {
			return nil, badParameter("start_time", "must be a time of RFC 3339")
		}
	}
	name := c.query.Get("instance_name")
	return func(j *hbsJob) bool {
		return (states == nil || slices.Contains(states, j.status(c.now))) && !j.Created.Truncate(time.Second).Before(since) && strings.Contains(j.InstanceName, name)
	}, nil
}

// deleteHBSJobs answers DeleteHuaweiChainJobs (2.5.2.3). All go, or none.
func deleteHBSJobs(c *call) (reply, error) {
	var body struct {
		Jobs []string `json:"jobs"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	for _, id := range body.Jobs {
		j, err := get[hbsJob](c.tx, kindHBSJob, id)
		if err != nil {
			return reply{}, err
		}
		if j == nil || j.Project != c.project {
			continue
		}
		if j.pending(c.now) {
			return reply{}, refuse(hbsRunning, "The job %s has not ended.", id)
		}
		if err := c.remove(j); err != nil {
			return reply{}, err
		}
	}
	return succeeded()
}
