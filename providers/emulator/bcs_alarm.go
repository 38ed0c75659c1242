package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const kindAlarm = "bcs.alarm"

// Names of alarms (user guide 1.4.3.2; the last one is the emulator's own).
const (
	AlarmPeerConnect   = "PeerConnectFailed"
	AlarmPeerDatabase  = "PeerWriteDBFailed"
	AlarmPeerDisk      = "PeerNodeDiskAvailableNotEnough"
	AlarmOrdererDisk   = "OrdererNodeDiskAvailableNotEnough"
	AlarmHighMemory    = "High Memory Usage on the Node"
	AlarmMemory        = "Excessive memory usage"
	AlarmPullImage     = "FailedPullImage"
	AlarmPullBackOff   = "BackOffPullImage"
	AlarmCreate        = "FailedCreate"
	AlarmStartBackOff  = "BackOffStart"
	AlarmUnhealthy     = "Unhealthy"
	AlarmScheduling    = "FailedScheduling"
	AlarmRebooted      = "Rebooted"
	AlarmNodeNotReady  = "NodeNotReady"
	AlarmAccessAddress = "EipAbnormal"
)

// Severities of events (API 1.5.3.1, 1.5.3.2).
const (
	severityMajor = "Major"
	severityMinor = "Minor"
	severityInfo  = "Info"
)

// alarmKind is what all alarms of a name have in common.
type alarmKind struct {
	name     string
	source   string // "BCS" or "CCE"
	severity string
	orderer  bool // it is about an orderer, not about a peer
	down     bool // its pod is out of order
	cause    string
	fix      string
}

// alarmKinds are those that the user guide lists. Their severities are the
// emulator's choice.
var alarmKinds = []alarmKind{
	{AlarmPeerConnect, "BCS", severityMajor, false, true, "A peer can't connect to the orderers.", "Restart the peer's container if the network has been stable for some minutes."},
	{AlarmPeerDatabase, "BCS", severityMajor, false, true, "A peer can't reach its database files.", "Check the volume of the peer."},
	{AlarmPeerDisk, "BCS", severityMinor, false, false, "The disk of a peer is nearly full.", "Enlarge the network storage."},
	{AlarmOrdererDisk, "BCS", severityMinor, true, false, "The disk of an orderer is nearly full.", "Enlarge the network storage."},
	{AlarmHighMemory, "BCS", severityMinor, false, false, "More than 80 % of the memory of a node is in use.", "Give the node more memory."},
	{AlarmMemory, "BCS", severityMajor, false, false, "More than 90 % of the memory of a node is in use.", "Give the node more memory."},
	{AlarmPullImage, "CCE", severityMinor, false, false, "An image could not be pulled.", "Check the way to the image repository."},
	{AlarmPullBackOff, "CCE", severityMinor, false, false, "An image could not be pulled several times.", "Check the way to the image repository."},
	{AlarmCreate, "CCE", severityMajor, false, true, "A pod could not be created.", "Check the resources of the nodes."},
	{AlarmStartBackOff, "CCE", severityMinor, false, true, "A container fails to start.", "Check the resources of the nodes and the scheduling policy."},
	{AlarmUnhealthy, "CCE", severityMinor, false, true, "A container fails its health check.", "Check the pod."},
	{AlarmScheduling, "CCE", severityMinor, false, false, "A pod finds no node.", "Check the resources of the nodes and the scheduling policy."},
	{AlarmRebooted, "CCE", severityInfo, false, false, "A node was restarted.", "Find out who restarted it, or what overloaded it."},
	{AlarmNodeNotReady, "CCE", severityMajor, false, true, "A node is not ready.", "Restart the node."},
	{AlarmAccessAddress, "BCS", severityMinor, false, false, "The elastic address does not lead to the instance.", "Check the binding of the address to the cluster."},
}

// kindOfAlarm finds the kind of that name; nil if there is none.
func kindOfAlarm(name string) *alarmKind {
	i := slices.IndexFunc(alarmKinds, func(k alarmKind) bool { return k.name == name })
	if i < 0 {
		return nil
	}
	return &alarmKinds[i]
}

// alarm is something that is or was wrong with an instance. One at a time goes
// on under a name.
type alarm struct {
	ID       string // 19 digits
	Project  string
	Instance string
	Name     string
	Pod      string // what it is about
	Begins   time.Time
	Ends     time.Time // zero: it goes on
}

func (a *alarm) object() Object {
	return Object{Kind: kindAlarm, ID: a.ID, Project: a.Project, Parent: a.Instance, Name: a.Name, Created: a.Begins}
}

// at tells whether the alarm went on at a moment.
func (a *alarm) at(moment time.Time) bool {
	return !a.Begins.After(moment) && (a.Ends.IsZero() || a.Ends.After(moment))
}

// raise begins an alarm of an instance, if none of its name goes on.
func (c *call) raise(i *instance, name string) error {
	known, err := c.activeAlarm(i, name)
	if err != nil || known != nil {
		return err
	}
	id, err := c.alarmID()
	if err != nil {
		return err
	}
	pods := i.pods()
	at := max(0, slices.IndexFunc(pods, func(p pod) bool { return p.orderer == kindOfAlarm(name).orderer && !p.agent }))
	return c.put(&alarm{ID: id, Project: i.Project, Instance: i.ID, Name: name, Pod: pods[at].name, Begins: c.now})
}

// clear ends an alarm of an instance, if one of that name goes on.
func (c *call) clear(i *instance, name string) error {
	a, err := c.activeAlarm(i, name)
	if err != nil || a == nil {
		return err
	}
	a.Ends = c.now
	return c.put(a)
}

func (c *call) activeAlarm(i *instance, name string) (*alarm, error) {
	list, err := children[alarm](c.tx, kindAlarm, i.ID)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list, func(a *alarm) bool { return a.Name == name && a.Ends.IsZero() })
	if at < 0 {
		return nil, nil
	}
	return list[at], nil
}

// alarmID is the time in nanoseconds, or the next one that is free.
func (c *call) alarmID() (string, error) {
	for ns := c.now.UnixNano(); ; ns++ {
		id := strconv.FormatInt(ns, 10)
		taken, err := get[alarm](c.tx, kindAlarm, id)
		if err != nil || taken == nil {
			return id, err
		}
	}
}

// healthAlarms are the alarms that go with a health.
var healthAlarms = map[string]string{healthAbnormal: AlarmPeerConnect, healthEIP: AlarmAccessAddress}

// setHealth puts an instance into a health, with the alarm that goes with it.
func (c *call) setHealth(i *instance, health string) error {
	i.Health = health
	for _, of := range sortedKeys(healthAlarms) {
		change := c.clear
		if of == health {
			change = c.raise
		}
		if err := change(i, healthAlarms[of]); err != nil {
			return err
		}
	}
	if health == healthNormal {
		if err := c.clear(i, AlarmCreate); err != nil {
			return err
		}
	}
	return c.put(i)
}

// forgetAlarms drops those of a deleted instance.
func (c *call) forgetAlarms(i *instance) error {
	list, err := children[alarm](c.tx, kindAlarm, i.ID)
	for _, a := range list {
		if err := c.remove(a); err != nil {
			return err
		}
	}
	return err
}

// SetHealth puts an instance into one of the states that no call of the API
// leads to: "Normal", "Abnormal", "EipAbnormal", "Freeze" or "Hibernation". The
// alarm of a state comes and goes with it. It is a side door for tests and
// rehearsals, as is PUT /_emulator/health.
func (e *Emulator) SetHealth(ctx context.Context, blockchainID, health string) error {
	known := []string{healthNormal, healthAbnormal, healthEIP, healthFrozen, healthHibernation}
	if !slices.Contains(known, health) {
		return fmt.Errorf("setting the health of %s: %q is none of %s", blockchainID, health, strings.Join(known, ", "))
	}
	return e.onInstance(ctx, "setting the health of", blockchainID, func(c *call, i *instance) error { return c.setHealth(i, health) })
}

// SetAlarm lets an alarm of an instance begin, or end. It is a side door for
// tests and rehearsals, as is PUT /_emulator/alarms.
func (e *Emulator) SetAlarm(ctx context.Context, blockchainID, name string, active bool) error {
	if kindOfAlarm(name) == nil {
		return fmt.Errorf("setting an alarm of %s: there is none called %q", blockchainID, name)
	}
	return e.onInstance(ctx, "setting an alarm of", blockchainID, func(c *call, i *instance) error {
		if active {
			return c.raise(i, name)
		}
		return c.clear(i, name)
	})
}

// onInstance changes an instance by a side door, whosever it is.
func (e *Emulator) onInstance(ctx context.Context, doing, blockchainID string, change func(*call, *instance) error) error {
	return e.inside(ctx, func(c *call) error {
		i, err := get[instance](c.tx, kindInstance, blockchainID)
		if err == nil && i == nil {
			err = fmt.Errorf("there is no such instance")
		}
		if err == nil {
			err = change(c, i)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", doing, blockchainID, err)
		}
		return nil
	})
}

// setInstanceFromRequest changes an instance as the body of a request says: its
// health, or an alarm.
func (e *Emulator) setInstanceFromRequest(r *http.Request) error {
	var s struct {
		ID     string `json:"blockchain_id"`
		Health string `json:"health"`
		Alarm  string `json:"alarm"`
		Active bool   `json:"active"`
	}
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBodyBytes))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return fmt.Errorf("setting an instance: %w", err)
	}
	if r.URL.Path == pathHealth {
		return e.SetHealth(r.Context(), s.ID, s.Health)
	}
	return e.SetAlarm(r.Context(), s.ID, s.Alarm, s.Active)
}
