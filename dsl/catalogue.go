package dsl

import "strings"

// Catalogue is the set of node types, by name without prefix.
type Catalogue map[string]*NodeType

// TypeLabel returns the full name under which a type is shown, whatever the
// dialect of the blueprint: "Cloud.BCS.Instance" for "BCS.Instance". Types of
// our own have no prefix.
func TypeLabel(name string) string {
	if strings.HasPrefix(name, "Orchestrate.") {
		return name
	}
	return DialectC.Prefix + name
}

// NodeType says what a node template of the type may and must state, and what
// becomes of it. It is read from the files in schemas/types.
type NodeType struct {
	Name        string // without prefix, such as "BCS.Instance"
	Description string
	Example     string    // a node template of the type as YAML; may be ""
	Properties  *Property // an object
	Attributes  map[string]*Property
	Containers  map[string]Containment // by property that names the container
	Calls       Calls
	Timeouts    Timeouts
	Rules       []*Rule // what holds between the properties, in the order of the file

	// HoldsData says in one clause what is lost when an object of the type is
	// destroyed ("the ledger of every channel"); "" if nothing is.
	HoldsData string

	// LostAlong names the states (attribute status) in which something is lost with
	// an object that its container takes along, in one clause each. By itself it
	// can't be deleted then.
	LostAlong map[string]string

	// LastOf says what is lost with the last of several objects of the type; nil
	// if each is like the others.
	LastOf *LastOf

	// Forgotten says why a delete only forgets the object ("the service has no
	// call that deletes a certificate"); "" if it can be deleted.
	Forgotten string

	// Leaves says in one clause what stays when an object is deleted ("its
	// backups"); "" if nothing does that anybody need know of.
	Leaves string

	// GoesOn names the states (attribute status) in which what a creation has made
	// only waits for something, which is said in one clause ("nobody has paid its
	// order"): it is gone on with, and not made anew.
	GoesOn map[string]string

	// Undo says whether an action on an object can be undone, where that does
	// not follow from the rest, by action: create, update, delete.
	Undo map[string]Reversal

	// Serial names the property whose value identifies the cloud object on
	// which only one action may run at a time; "refID" is the object itself,
	// "" sets no limit.
	Serial string
}

// Containment tells that objects of a type live inside another object.
type Containment struct {
	Type string // node type of the container, without prefix
	// DeletedWith is true when deleting the container takes the object with it.
	DeletedWith bool
	// Leaves says in one clause what stays of the object then; "" if nothing does
	// that anybody need know of.
	Leaves string
}

// LastOf tells that objects of a type keep copies of something together, which is
// gone when the last of them is.
type LastOf struct {
	// Type is the node type of what they belong to, without prefix: where that is
	// destroyed too, its own guard counts.
	Type string
	// By says which of them belong together, and to what: its property, by theirs.
	By        map[string]string
	HoldsData string // what is lost with the last one, as one clause
}

// Reversal says whether what an action did can be undone.
type Reversal struct {
	Kind string // reversible, compensatable or irreversible
	Why  string // why it is not reversible, as one clause; "" if it is
}

// Least tells of a property, a number or a version, that it is the least that is
// asked for: to ask for no more than there is calls nothing.
type Least struct {
	Attribute string // tells what there is
	Why       string // why it calls nothing, as one clause
}

// Calls names the API operations behind each action, for documentation.
type Calls struct {
	Create, Read, Update, Delete []string
}

// Timeouts are the default limits of each action, as Go durations ("60m").
type Timeouts struct {
	Create, Update, Delete string
}

// Property describes one property or attribute, in the words of JSON Schema
// plus some of our own.
type Property struct {
	Type        string // string, integer, number, boolean, array, object; "" is any
	Description string
	Default     any
	Properties  map[string]*Property // of an object
	Required    []string             // of an object
	Additional  *Property            // value type of a free map; nil: none allowed unless Open
	Open        bool                 // object: any further key is allowed
	Items       *Property            // of an array

	Immutable bool      // a change needs a replacement (x-immutable)
	Sensitive bool      // never shown, encrypted at rest (x-sensitive)
	Reference string    // node type whose ID or name is expected (x-reference)
	Recorded  string    // why a change of it calls nothing, as one clause (x-recorded); "" if it does
	File      *FileRule // the value names a file of the package (x-file); nil: it does not
	// Least tells that the value is the least that is asked for (x-least); nil: it
	// is what there is to be.
	Least *Least
	// OneWay says why a change of it can't be undone, as one clause (x-oneway);
	// "" if it can.
	OneWay string
	// Undo says of a number why a decrease destroys what an increase can only
	// make anew, as one clause (x-undo); "" if it does not.
	Undo string
	// Destroys says of a flag what goes with a deleted object where it is true, and
	// stays otherwise, as one clause (x-destroys); "" if nothing depends on it.
	Destroys string
	// HoldsData says of a list of named entries what an entry that leaves it takes
	// along for good, as one clause (x-holdsData); "" if nothing.
	HoldsData string

	// From names the property that an attribute always equals (x-from), so that
	// it is known before the object exists: refName is often the name.
	From string
	// Volatile marks an attribute that an update may change (x-volatile); the
	// others keep their value as long as the object lives.
	Volatile bool

	rules *rules // constraints of the value itself; nil: none
}
