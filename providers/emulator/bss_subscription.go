package emulator

import (
	"crypto/rand"
	"fmt"
	"time"
)

const (
	kindSubscription = "bss.subscription"
	kindExpiry       = "bss.expiry" // work: the end of a period
)

// Dates of the calendar, which Options.Speed leaves alone.
const (
	graceTime   = 15 * 24 * time.Hour // after the period
	frozenTime  = 15 * 24 * time.Hour // after the grace
	retryExpiry = time.Hour           // when the object was busy
)

// subscription is the right to one organization for a time.
type subscription struct {
	ID       string
	Project  string
	Instance string
	Org      string // UID
	Name     string // of the organization
	Edition  string
	Purchase string
	Order    hbsOrder
	Begins   time.Time
	Ends     time.Time
}

func (s *subscription) object() Object {
	return Object{Kind: kindSubscription, ID: s.ID, Project: s.Project, Parent: s.Instance, Name: s.Name, Created: s.Begins}
}

// subscribe begins the subscription of an organization that was paid for.
func (c *call) subscribe(p *purchase, i *hbsInstance, o *hbsOrg) error {
	n := make([]byte, 4)
	rand.Read(n)
	s := &subscription{
		ID:      fmt.Sprintf("01154-%d-0", 300000000+(int(n[0])<<16|int(n[1])<<8|int(n[2]))),
		Project: i.Project, Instance: i.ID, Org: o.UID, Name: o.Name, Edition: i.Edition, Purchase: p.ID, Order: p.Order,
		Begins: c.now, Ends: p.Order.after(c.now),
	}
	if taken, err := get[subscription](c.tx, kindSubscription, s.ID); err != nil {
		return err
	} else if taken != nil {
		return c.subscribe(p, i, o)
	}
	o.Subscription = s.ID
	if err := c.put(s); err != nil {
		return err
	}
	return c.schedule(kindExpiry, s.ID, s.Ends)
}

// The stages of a subscription after its end.
func (s *subscription) graceEnds() time.Time  { return s.Ends.Add(graceTime) }
func (s *subscription) frozenEnds() time.Time { return s.Ends.Add(graceTime + frozenTime) }

// frozen tells whether the organization stands still because nobody renewed.
func (s *subscription) frozen(now time.Time) bool { return !now.Before(s.graceEnds()) }

// countdown is what the organization shows of its subscription. The parts of
// the time that is left add up.
func (s *subscription) countdown(now time.Time) map[string]any {
	code, status, policy, next := "hws_countdown_period_using", 2, 0, s.Ends
	switch {
	case s.frozen(now):
		code, status, policy, next = "hws_countdown_period_frozen", 4, 5, s.frozenEnds()
	case !now.Before(s.Ends):
		code, status, policy, next = "hws_countdown_period_gracing", 5, 4, s.graceEnds()
	}
	left := max(0, next.Sub(now))
	return map[string]any{
		"countdown_code": code,
		"countdown_infos": map[string]any{
			"status": status, "next_operation_policy": policy,
			"next_operation_remaining_day":    int(left / (24 * time.Hour)),
			"next_operation_remaining_hour":   int(left % (24 * time.Hour) / time.Hour),
			"next_operation_remaining_minute": int(left % time.Hour / time.Minute),
			"next_operation_remaining_second": int(left % time.Minute / time.Second),
		},
		"countdown_tips": map[string]any{
			"eff_time": hbsTime(s.Begins), "exp_time": hbsTime(s.Ends), "grace_time": hbsTime(s.graceEnds()),
			"frozen_time": hbsTime(s.graceEnds()), "release_time": hbsTime(s.frozenEnds()),
		},
	}
}

// settleExpiry is the end of a period: the subscription goes on if that was
// asked for, else the organization goes when grace and freeze are over.
func settleExpiry(c *call, id string) error {
	s, err := get[subscription](c.tx, kindSubscription, id)
	if err != nil || s == nil {
		return err
	}
	if s.Order.AutoRenew {
		s.Ends = s.Order.after(s.Ends)
		if err := c.put(s); err != nil {
			return err
		}
		return c.schedule(kindExpiry, id, s.Ends)
	}
	if c.now.Before(s.frozenEnds()) {
		return c.schedule(kindExpiry, id, s.frozenEnds())
	}
	i, err := get[hbsInstance](c.tx, kindHBSInstance, s.Instance)
	if err != nil || i == nil {
		return err
	}
	if i.removable() != nil {
		return c.schedule(kindExpiry, id, c.now.Add(retryExpiry))
	}
	_, err = c.releaseOrgs(i, []string{s.Org})
	return err
}
