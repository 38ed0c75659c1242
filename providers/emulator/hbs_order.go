package emulator

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"
)

const (
	kindOrder        = "bss.order"
	kindSubscription = "bss.subscription"
	kindExpiry       = "bss.expiry" // work: the end of a period
	kindLapse        = "bss.lapse"  // work: the end of the time to pay
)

// Periods of orders.
const (
	periodMonth = 2
	periodYear  = 3
)

const (
	currency = "CNY"

	// How many months a year costs, and what is paid of 100 in a promotion.
	monthsOfYear     = 10
	percentPromotion = 80

	// Dates of the calendar, which Options.Speed leaves alone.
	timeToPay   = 7 * 24 * time.Hour
	graceTime   = 15 * 24 * time.Hour // after the period
	frozenTime  = 15 * 24 * time.Hour // after the grace
	retryExpiry = time.Hour           // when the object was busy
)

// hbsOrder is how organizations are bought.
type hbsOrder struct {
	ChargeMode  int    `json:"charge_mode"`
	PeriodType  int    `json:"period_type"`
	PeriodNum   int    `json:"period_num"`
	AutoPay     bool   `json:"is_auto_pay"`
	AutoRenew   bool   `json:"is_auto_renew"`
	Promotion   string `json:"promotion_id"`
	DiscountFor string `json:"discount_plan_id"`
}

// fillDefaults sets what an order leaves out: one month that waits for payment.
func (o *hbsOrder) fillDefaults() {
	if o.PeriodType == 0 {
		o.PeriodType = periodMonth
	}
	if o.PeriodNum == 0 {
		o.PeriodNum = 1
	}
}

// check keeps the rule of periods, which the web version has: one year, or up to
// nine months.
func (o *hbsOrder) check() error {
	switch {
	case o.PeriodType == periodYear && o.PeriodNum != 1:
		return badParameter("period_num", "must be 1 year")
	case o.PeriodType == periodMonth && o.PeriodNum > 9:
		return badParameter("period_num", "must be 1 to 9 months; more is a year")
	}
	return nil
}

// after is the end of one more period: the end of a day in China, as the
// service is seen to set it.
func (o *hbsOrder) after(from time.Time) time.Time {
	china := time.FixedZone("CST", 8*60*60)
	t := from.In(china)
	if o.PeriodType == periodYear {
		t = t.AddDate(o.PeriodNum, 0, 0)
	} else {
		t = t.AddDate(0, o.PeriodNum, 0)
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 59, 0, china).UTC()
}

// price is what an order costs, and what it would cost without promotion.
type price struct{ Amount, Official int }

func priceOf(edition string, orgs int, o hbsOrder) price {
	months := o.PeriodNum
	if o.PeriodType == periodYear {
		months = o.PeriodNum * monthsOfYear
	}
	p := price{Official: hbsEditionOf(edition).monthlyPerOrg * orgs * months}
	p.Amount = p.Official
	if o.Promotion != "" && o.DiscountFor != "" {
		p.Amount = p.Official * percentPromotion / 100
	}
	return p
}

// Statuses and types of purchases, in the words of the order service.
const (
	orderWorking   = 3
	orderCancelled = 4
	orderCompleted = 5
	orderUnpaid    = 6

	orderNew         = 1
	orderUnsubscribe = 4
)

// purchase is an order as the order service keeps it.
type purchase struct {
	ID       string
	Project  string
	Type     int // orderNew, orderUnsubscribe
	Status   int // orderWorking and so on
	Created  time.Time
	Paid     time.Time
	PayUntil time.Time
	Price    price
	Edition  string
	Order    hbsOrder
	Instance string
	Orgs     []string // UIDs
	Job      string   // starts when the order is paid
}

func (p *purchase) object() Object {
	return Object{Kind: kindOrder, ID: p.ID, Project: p.Project, Parent: p.Instance, Created: p.Created}
}

// newPurchase makes an order with an ID of the documented form.
func (c *call) newPurchase(kind int, i *hbsInstance, uids []string) (*purchase, error) {
	for {
		id := "CS" + c.now.UTC().Format("0601021504") + randomLetters(5)
		taken, err := get[purchase](c.tx, kindOrder, id)
		if err != nil {
			return nil, err
		}
		if taken == nil {
			return &purchase{ID: id, Project: c.project, Type: kind, Created: c.now, Instance: i.ID, Edition: i.Edition, Orgs: uids}, nil
		}
	}
}

// randomLetters makes upper case letters.
func randomLetters(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	for k := range b {
		b[k] = 'A' + b[k]%26
	}
	return string(b)
}

// randomName makes lower case letters and digits, as in IDs on the chain.
func randomName(n int) string {
	return strings.ToLower(rand.Text()[:n])
}

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
		Project: c.project, Instance: i.ID, Org: o.UID, Name: o.Name, Edition: i.Edition, Purchase: p.ID, Order: p.Order,
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
