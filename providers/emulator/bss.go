package emulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Codes of the order service, as its table of errors has them.
const (
	bssBadParameter = "CBC.0101"
	bssForbidden    = "CBC.0155"
	bssOther        = "CBC.0999"
	bssLocked       = "CBC.3002"     // other work runs on the resource
	bssNoOrder      = "CBC.30000010" // no such order, or not in this state
	bssNoResource   = "CBC.30050009"
	bssInUnpaid     = "CBC.30050010" // the resource is part of an unpaid order
)

// serviceTypeHBS is how the order service calls the blockchain service.
const serviceTypeHBS = "hws.service.type.bcs"

// bssService is the order service: /v2/orders/... and /v3/orders/...
func bssService() *service {
	return &service{
		name: "bss",
		owns: ownsBSS,
		operations: map[string]handler{
			"CancelResourcesSubscription":    unsubscribe,
			"ListPayPerUseCustomerResources": listSubscribed,
			"PayOrders":                      payOrder,
			"CancelCustomerOrder":            cancelOrder,
			"ListCustomerOrders":             listOrders,
			"ShowCustomerOrderDetails":       showOrder,
		},
		settle:     map[string]settler{kindExpiry: settleExpiry, kindLapse: settleLapse},
		errorShape: shapeErrorCode,
		plain:      bssPlain,
		violation: func(v violation) *apiError {
			return refuse(bssBadParameter, "Invalid parameter %s: %s", v.field, v.reason)
		},
	}
}

func ownsBSS(segments []string) bool {
	return len(segments) > 1 && (segments[0] == "v2" || segments[0] == "v3") && segments[1] == "orders"
}

func bssPlain(status int) *apiError {
	switch status {
	case http.StatusForbidden:
		return &apiError{status: status, code: bssForbidden, message: "Access denied"}
	case http.StatusInternalServerError:
		return &apiError{status: status, code: bssOther, message: "Other errors"}
	}
	return gatewayError(status)
}

func noOrder(id string) error {
	return refuse(bssNoOrder, "Invalid order (maybe the order %s does not exist), unable to operate.", id)
}

// subscribed finds a subscription by its ID, or by that of its resource.
func (c *call) subscribed(id string) (*subscription, error) {
	list, err := all[subscription](c.tx, kindSubscription, c.project)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if s.ID == id || s.Org == id {
			return s, nil
		}
	}
	return nil, refuse(bssNoResource, "The resource %s does not exist or has been deleted.", id)
}

// unsubscribe answers CancelResourcesSubscription. All resources are
// unsubscribed from, or none.
func unsubscribe(c *call) (reply, error) {
	var body struct {
		IDs  []string `json:"resource_ids"`
		Type int      `json:"unsubscribe_type"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if body.Type != 1 {
		return reply{}, refuse(bssBadParameter, "Invalid parameter unsubscribe_type: nothing was renewed beforehand, so there is no renewal to take back.")
	}
	wanted := map[string][]string{} // by instance
	for _, id := range body.IDs {
		s, err := c.subscribed(id)
		if err != nil {
			return reply{}, err
		}
		if !slices.Contains(wanted[s.Instance], s.Org) {
			wanted[s.Instance] = append(wanted[s.Instance], s.Org)
		}
	}
	orders := []string{}
	for _, id := range sortedKeys(wanted) {
		p, err := c.unsubscribeFrom(id, wanted[id])
		if err != nil {
			return reply{}, err
		}
		orders = append(orders, p.ID)
	}
	return answer(map[string]any{"order_ids": orders})
}

// unsubscribeFrom lets organizations of one instance go.
func (c *call) unsubscribeFrom(instance string, uids []string) (*purchase, error) {
	i, err := get[hbsInstance](c.tx, kindHBSInstance, instance)
	if err != nil {
		return nil, err
	}
	if i == nil {
		return nil, refuse(bssNoResource, "The resources do not exist or have been deleted.")
	}
	if refusal := i.removable(); refusal != nil {
		return nil, refuse(bssLocked, "The resource has been locked: %s.", i.Status).withStatus(http.StatusConflict)
	}
	p, err := c.newPurchase(orderUnsubscribe, i, uids)
	if err != nil {
		return nil, err
	}
	j, err := c.releaseOrgs(i, uids)
	if err != nil {
		return nil, err
	}
	p.Status, p.Paid, p.Job, j.Purchase = orderWorking, c.now, j.ID, p.ID
	return p, c.putAll(p, j)
}

// unpaid finds an order that waits for payment.
func (c *call) unpaid(id string) (*purchase, error) {
	p, err := get[purchase](c.tx, kindOrder, id)
	if err != nil {
		return nil, err
	}
	if p == nil || p.Project != c.project || p.Status != orderUnpaid {
		return nil, noOrder(id)
	}
	return p, nil
}

// payOrder answers PayOrders. There is always money enough.
func payOrder(c *call) (reply, error) {
	var body struct {
		ID       string `json:"order_id"`
		Coupon   string `json:"use_coupon"`
		Discount string `json:"use_discount"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	if body.Coupon == "YES" || body.Discount == "YES" {
		return reply{}, refuse(bssBadParameter, "Invalid parameter: the account has neither coupons nor discounts.")
	}
	p, err := c.unpaid(body.ID)
	if err != nil {
		return reply{}, err
	}
	i, err := get[hbsInstance](c.tx, kindHBSInstance, p.Instance)
	if err != nil {
		return reply{}, err
	}
	j, err := get[hbsJob](c.tx, kindHBSJob, p.Job)
	if err != nil {
		return reply{}, err
	}
	if i == nil || j == nil {
		return reply{}, noOrder(body.ID)
	}
	if i.Status != hbsUnpaidState && i.refusal(i.Status) != nil {
		return reply{}, refuse(bssLocked, "The resource has been locked: %s.", i.Status).withStatus(http.StatusConflict)
	}
	if err := c.pay(p, i, j); err != nil {
		return reply{}, err
	}
	if err := c.putAll(p, i, j); err != nil {
		return reply{}, err
	}
	return nothing()
}

// cancelOrder answers CancelCustomerOrder.
func cancelOrder(c *call) (reply, error) {
	var body struct {
		ID string `json:"order_id"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	p, err := c.unpaid(body.ID)
	if err != nil {
		return reply{}, err
	}
	if err := c.cancel(p); err != nil {
		return reply{}, err
	}
	return nothing()
}

// wire is an order as reads show it.
func (c *call) orderWire(p *purchase) map[string]any {
	w := map[string]any{
		"order_id": p.ID, "customer_id": c.tenant().DomainID, "service_type_code": serviceTypeHBS, "service_type_name": "Blockchain Service",
		"source_type": 1, "status": p.Status, "order_type": p.Type, "amount_after_discount": p.Price.Amount,
		"official_amount": p.Price.Official, "measure_id": 1, "create_time": hbsTime(p.Created), "currency": currency,
		"user_name": c.e.opts.UserName,
	}
	if !p.Paid.IsZero() {
		w["payment_time"] = hbsTime(p.Paid)
	}
	if p.Status == orderUnpaid {
		w["pending_payment_end_time"] = hbsTime(p.PayUntil)
	}
	return w
}

// listOrders answers ListCustomerOrders, newest first unless asked otherwise.
func listOrders(c *call) (reply, error) {
	list, err := all[purchase](c.tx, kindOrder, c.project)
	if err != nil {
		return reply{}, err
	}
	asked := func(name, value string) bool {
		return c.query.Get(name) == "" || strings.EqualFold(c.query.Get(name), value)
	}
	list = slices.DeleteFunc(list, func(p *purchase) bool {
		since, until := c.query.Get("create_time_begin"), c.query.Get("create_time_end")
		return !asked("order_id", p.ID) || !asked("status", strconv.Itoa(p.Status)) || !asked("order_type", strconv.Itoa(p.Type)) ||
			!asked("service_type_code", serviceTypeHBS) || since != "" && hbsTime(p.Created) < since || until != "" && hbsTime(p.Created) > until
	})
	newestFirst(list)
	if strings.EqualFold(c.query.Get("order_by"), "createTime") {
		slices.Reverse(list)
	}
	part, err := cut(c, list)
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, p := range part {
		wires = append(wires, c.orderWire(p))
	}
	return answer(map[string]any{"total_count": len(list), "order_infos": wires})
}

// showOrder answers ShowCustomerOrderDetails. An order has an item for each
// organization.
func showOrder(c *call) (reply, error) {
	id := c.params["order_id"]
	p, err := get[purchase](c.tx, kindOrder, id)
	if err != nil {
		return reply{}, err
	}
	if p == nil || p.Project != c.project {
		return reply{}, noOrder(id)
	}
	part, err := cut(c, p.Orgs)
	if err != nil {
		return reply{}, err
	}
	offset := c.intQuery("offset", 0)
	items := []any{}
	for n := range part {
		item := map[string]any{
			"order_line_item_id": fmt.Sprintf("%s-%06d", p.ID, offset+n+1), "service_type_code": serviceTypeHBS,
			"product_spec_desc": hbsEditionOf(p.Edition).desc, "subscription_num": 1, "currency": currency, "order_id": p.ID,
			"amount_after_discount": p.Price.Amount / len(p.Orgs), "official_amount": p.Price.Official / len(p.Orgs),
		}
		if p.Type == orderNew {
			item["period_type"], item["period_num"] = p.Order.PeriodType, p.Order.PeriodNum
		}
		items = append(items, item)
	}
	return answer(map[string]any{"total_count": len(p.Orgs), "order_info": c.orderWire(p), "order_line_items": items})
}

// resourceQuery is the body of ListPayPerUseCustomerResources.
type resourceQuery struct {
	IDs      []string `json:"resource_ids"`
	Order    string   `json:"order_id"`
	Statuses []int    `json:"status_list"`
	Service  *string  `json:"service_type_code"`
	Since    string   `json:"expire_time_begin"`
	Until    string   `json:"expire_time_end"`
	Offset   int      `json:"offset"`
	Limit    *int     `json:"limit"`
}

// listSubscribed answers ListPayPerUseCustomerResources. The emulator knows what
// was bought of HBS only, all of them main resources.
func listSubscribed(c *call) (reply, error) {
	var q resourceQuery
	if err := c.decode(&q); err != nil {
		return reply{}, err
	}
	list, err := all[subscription](c.tx, kindSubscription, c.project)
	if err != nil {
		return reply{}, err
	}
	newestFirst(list)
	wires := []any{}
	for _, s := range list {
		w, err := c.resourceWire(s)
		if err != nil {
			return reply{}, err
		}
		if w != nil && q.fits(s, w) {
			wires = append(wires, w)
		}
	}
	limit := defaultPage
	set(&limit, q.Limit)
	from := min(q.Offset, len(wires))
	return answer(map[string]any{"total_count": len(wires), "data": wires[from : from+min(limit, len(wires)-from)]})
}

// fits tells whether the query asks for a resource.
func (q *resourceQuery) fits(s *subscription, w map[string]any) bool {
	status, _ := w["status"].(int)
	return (len(q.IDs) == 0 || slices.Contains(q.IDs, s.Org)) &&
		(q.Order == "" || q.Order == s.Purchase) &&
		(len(q.Statuses) == 0 || slices.Contains(q.Statuses, status)) &&
		(q.Service == nil || *q.Service == serviceTypeHBS) &&
		(q.Since == "" || hbsTime(s.Ends) >= q.Since) && (q.Until == "" || hbsTime(s.Ends) <= q.Until)
}

// resourceWire is a resource as reads show it; nil if its instance is gone.
func (c *call) resourceWire(s *subscription) (map[string]any, error) {
	i, err := get[hbsInstance](c.tx, kindHBSInstance, s.Instance)
	if err != nil || i == nil {
		return nil, err
	}
	status, policy := 2, 0
	switch {
	case s.frozen(c.now):
		status, policy = 4, 5
	case !c.now.Before(s.Ends):
		status, policy = 5, 4
	case s.Order.AutoRenew:
		policy = 3
	}
	return map[string]any{
		"id": s.ID, "resource_id": s.Org, "resource_name": s.Name, "region_code": c.e.opts.Region, "service_type_code": serviceTypeHBS,
		"resource_type_code": "hws.resource.type.bcs.hbs.org", "resource_spec_code": hbsEditionOf(s.Edition).specCode,
		"project_id": s.Project, "is_main_resource": 1, "status": status, "expire_policy": policy,
		"effective_time": hbsTime(s.Begins), "expire_time": hbsTime(s.Ends),
		"enterprise_project": map[string]any{"id": i.EnterpriseProject, "name": projectName(i.EnterpriseProject)},
	}, nil
}
