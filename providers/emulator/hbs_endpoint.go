package emulator

import (
	"time"
)

const kindHBSEndpoint = "hbs.endpoint"

const (
	takesEndpoint = 30 * time.Second

	// maxEndpoints is how many an instance may have.
	maxEndpoints = 20
)

// hbsEndpoint is a way from a subnet to an instance. It is not shown before it
// is ready; one that failed never is.
type hbsEndpoint struct {
	ID, Name string
	Project  string
	Instance string
	Port     string // ID of its address in the subnet
	IP       string
	Ready    bool
	Failure  string
	Created  time.Time
}

func (e *hbsEndpoint) object() Object {
	return Object{Kind: kindHBSEndpoint, ID: e.ID, Project: e.Project, Parent: e.Instance, Name: e.Name, Created: e.Created}
}

// createEndpoint answers CreateEndpoint (2.5.7.1).
func createEndpoint(c *call) (reply, error) {
	i, err := c.hbs()
	if err != nil {
		return reply{}, err
	}
	if err := i.inCloud(); err != nil {
		return reply{}, err
	}
	if err := c.idle(i); err != nil {
		return reply{}, err
	}
	there, err := c.countChildren(kindHBSEndpoint, i.ID)
	if err != nil {
		return reply{}, err
	}
	if there >= maxEndpoints {
		return reply{}, refuse(hbsNoRoom, "An instance has at most %d endpoints.", maxEndpoints)
	}
	e, err := c.placeEndpoint(i)
	if err != nil {
		return reply{}, err
	}
	if err := c.put(e); err != nil {
		return reply{}, err
	}
	if err := c.schedule(kindHBSEndpoint, e.ID, c.ends(takesEndpoint)); err != nil {
		return reply{}, err
	}
	return succeeded()
}

// placeEndpoint gives an endpoint an address in the subnet of the request.
func (c *call) placeEndpoint(i *hbsInstance) (*hbsEndpoint, error) {
	var body struct {
		VPC    string `json:"vpc_id"`
		Subnet string `json:"subnet_id"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	v, err := get[vpc](c.tx, kindVPC, body.VPC)
	if err != nil {
		return nil, err
	}
	if v == nil || v.Project != c.project {
		return nil, badParameter("vpc_id", "no such VPC exists")
	}
	s, err := get[subnet](c.tx, kindSubnet, body.Subnet)
	if err != nil {
		return nil, err
	}
	if s == nil || s.VPC != v.ID {
		return nil, badParameter("subnet_id", "no such subnet exists in the VPC")
	}
	e := &hbsEndpoint{ID: newID(), Project: c.project, Instance: i.ID, Failure: c.fault.FailOperation, Created: c.now}
	p, err := c.plug(s, e.ID, "")
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, badParameter("subnet_id", "the subnet has no free address")
	}
	e.Name, e.Port, e.IP = v.Name+"."+s.Name+"."+e.ID[:8], p.ID, p.IP
	return e, nil
}

// settleEndpoint ends the making of an endpoint.
func settleEndpoint(c *call, id string) error {
	e, err := get[hbsEndpoint](c.tx, kindHBSEndpoint, id)
	if err != nil || e == nil {
		return err
	}
	if e.Failure != "" {
		return c.unplugEndpoint(e)
	}
	e.Ready = true
	return c.put(e)
}

// unplugEndpoint forgets an endpoint and frees its address.
func (c *call) unplugEndpoint(e *hbsEndpoint) error {
	if err := c.remove(&port{ID: e.Port}); err != nil {
		return err
	}
	return c.remove(e)
}

// unplugEndpoints forgets all endpoints of an instance.
func (c *call) unplugEndpoints(i *hbsInstance) error {
	list, err := children[hbsEndpoint](c.tx, kindHBSEndpoint, i.ID)
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := c.unplugEndpoint(e); err != nil {
			return err
		}
	}
	return nil
}

// readyEndpoints are those that reads show, newest first, and their instance.
func (c *call) readyEndpoints() (*hbsInstance, []*hbsEndpoint, error) {
	i, err := c.hbs()
	if err != nil {
		return nil, nil, err
	}
	if err := i.inCloud(); err != nil {
		return nil, nil, err
	}
	list, err := children[hbsEndpoint](c.tx, kindHBSEndpoint, i.ID)
	if err != nil {
		return nil, nil, err
	}
	ready := []*hbsEndpoint{}
	for _, e := range list {
		if e.Ready {
			ready = append(ready, e)
		}
	}
	newestFirst(ready)
	return i, ready, nil
}

// listEndpoints answers ListEndpoints (2.5.7.2).
func listEndpoints(c *call) (reply, error) {
	_, list, err := c.readyEndpoints()
	if err != nil {
		return reply{}, err
	}
	part, err := cut(c, list)
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, e := range part {
		wires = append(wires, map[string]any{"id": e.ID, "name": e.Name, "ip": e.IP})
	}
	return answer(map[string]any{"count": len(list), "endpoints": wires})
}

// showEndpointService answers ShowEndpointService (2.5.7.3). The service comes
// with the first endpoint.
func showEndpointService(c *call) (reply, error) {
	i, list, err := c.readyEndpoints()
	if err != nil {
		return reply{}, err
	}
	name, status := "", "uncreated"
	if len(list) > 0 {
		name, status = c.e.opts.Region+".hbs-"+i.Name+"."+i.ID, "available"
	}
	return answer(map[string]any{"endpoint_num": len(list), "endpoint_service_name": name, "endpoint_service_status": status})
}
