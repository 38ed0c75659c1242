package emulator

import (
	"crypto/rand"
	"strings"
	"time"
)

const (
	kindOrder = "bss.order"
	kindLapse = "bss.lapse" // work: the end of the time to pay
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

	// A date of the calendar, which Options.Speed leaves alone.
	timeToPay = 7 * 24 * time.Hour
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
			return &purchase{ID: id, Project: i.Project, Type: kind, Created: c.now, Instance: i.ID, Edition: i.Edition, Orgs: uids}, nil
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
