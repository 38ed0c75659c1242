package diag

import "strings"

// Entry is one row of the table of codes.
type Entry struct {
	Code     Code
	Severity Severity
	Summary  string // constant headline
	Text     string // what the code means and what to do, for `orchestrate explain`
}

// Prose returns the text as one line.
func (e Entry) Prose() string { return strings.Join(strings.Fields(e.Text), " ") }

// Lookup returns the row of a code.
func Lookup(c Code) (Entry, bool) {
	e, ok := table[c]
	return e, ok
}

// Codes returns all rows, ordered by code.
func Codes() []Entry { return append([]Entry(nil), codes...) }

// table is filled from the rows below and never changed afterwards.
var table = index(codes)

func index(rows []Entry) map[Code]Entry {
	out := make(map[Code]Entry, len(rows))
	for _, e := range rows {
		out[e.Code] = e
	}
	return out
}

// codes is ordered by code: DSL1xx form, DSL2xx names and references, DSL3xx
// types and properties, DSL4xx inputs, EXECxxx executions, PLANxxx plans,
// UPGxxx what AOS forbids in upgrades, in the order of its table.
// A retired code keeps its row, so that its number is not given away again.
var codes = []Entry{
	{"DSL101", Error, "Invalid YAML", `
The file can't be read as YAML. The usual causes are indentation that does not fit the lines above, a missing space
after a colon, an unclosed quote or bracket, or text with a colon in it that needs quotes. A tag that YAML itself does
not define (such as !Ref of other template languages) is refused too.`},
	{"DSL102", Error, "Not a text file", `
A blueprint is UTF-8 text. The file holds bytes that are not: it was saved in another encoding, it is a binary file, or
it was damaged. Save it as UTF-8 without control characters.`},
	{"DSL103", Error, "Duplicate key", `
A map states the same key twice. Only one of them could count, and which one differs between YAML readers, so both are
shown and one has to go. In flow style, remember that {a: 1, a: 2} is such a map too.`},
	{"DSL104", Error, "Document exceeds a limit", `
Documents are limited in size, in depth, in the number and length of their values and in how far aliases may multiply
them; packages in their size, packed and unpacked, and in the number of their files. So a hostile or broken file ends in
this message and not in a full memory. Split the file, flatten it, or write aliased parts out.`},
	{"DSL105", Error, "More than one document", `
A file holds exactly one blueprint. A line of three dashes after content begins a second document: remove the line, or
move what follows it to a file of its own.`},
	{"DSL106", Error, "Not a blueprint of a supported dialect", `
A blueprint says its dialect in tosca_definitions_version: cloud_tosca_version_1_0 (types begin with Cloud.) or
huaweicloud_tosca_version_1_0 (types begin with HuaweiCloud.). Templates of other tools and other TOSCA versions have
another structure and can't be deployed by changing this line alone.`},
	{"DSL107", Error, "Unknown key", `
The language defines which keys may stand here, and this is none of them. It would have no effect, so it is refused
rather than dropped. Check its spelling and its indentation: a key that stands one level too deep or too shallow is the
most frequent cause.`},
	{"DSL108", Error, "Missing key", `
Something that the language needs at this place is absent. The message names it.`},
	{"DSL109", Error, "Wrong form", `
The value has another form than the language asks for at this place: a map where a list belongs, a text where a map
belongs, and so on. The message shows the expected form.`},
	{"DSL110", Error, "Not supported yet", `
The blueprint uses a part of the language that this version can't carry out. It is refused because leaving it out
silently would deploy something other than what the blueprint says.`},
	{"DSL111", Error, "Unknown function", `
The one key of this map is the name of a function in other template languages, but not in this one. The message names
the function that does the same here, if there is one.`},
	{"DSL112", Error, "Wrong arguments of a function", `
A function is a map with one key, its name, whose value holds the arguments. Their number or their form does not fit
the function. The message shows how the function is written.`},
	{"DSL113", Error, "Invalid name", `
Names of inputs, node templates, outputs, mappings and conditions are made of letters, digits, "-" and "_", begin with a
letter, a digit or "_", and have at most 128 characters.`},
	{"DSL114", Error, "Mixed dialects", `
Types, relationships and pseudo inputs carry the prefix of the blueprint's dialect: Cloud. with
cloud_tosca_version_1_0, HuaweiCloud. with huaweicloud_tosca_version_1_0. One blueprint uses one of them throughout.
Types that begin with Orchestrate. belong to both.`},
	{"DSL115", Error, "Blueprint can't be read", `
The file, folder or package can't be opened, or it holds no blueprint.yaml. Give the path of a blueprint file or of a
folder or package that holds one, name another main file with --main-file, or change the current folder with -C. What
is named must be a file: pipes and devices are not read.`},
	{"DSL116", Error, "Function not allowed here", `
Some functions have a meaning only in some places: conditions decide before anything is deployed, so they can't read
attributes; defaults, constraints and mappings are constants; the comparing functions belong under conditions, from
where cond_if and a node's condition use them by name.`},
	{"DSL117", Warning, "Beyond a limit of AOS", `
The Application Orchestration Service limits the number of inputs and mappings and the length of descriptions. Nothing
here depends on that, but the service would refuse the blueprint.`},
	{"DSL118", Error, "Package can't be unpacked", `
A package is a zip or a gzipped tar file (.zip, .tar.gz, .tgz), whole and without a password. This one is damaged, was
cut off when it was copied, is encrypted, or is no package at all. Pack the files again, or give the folder instead.`},
	{"DSL119", Error, "Unsafe package", `
A member of the package has a name that would lead out of it when it is unpacked, is a link, a device or a pipe, or
shares its name with another member. Packages hold plain files and folders with relative names: pack them from within
their folder, for example with "zip -r ../pack.zip ." or "tar -czf ../pack.tgz .".`},
	{"DSL131", Error, "Not part of AOS", `
With --strict-aos a blueprint holds only what the Application Orchestration Service understands too. This is an
extension of orchestrate: the service would refuse the blueprint. Write it without, or leave the option out.`},
	{"DSL132", Error, "Import can't be used", `
An import names a file of the same package by its path from the folder of the file that imports it. It can't be an
absolute path, lead out of the package (also not through a link), or come back to a file that is being imported.`},
	{"DSL133", Error, "Not allowed in an imported file", `
An imported file contributes node types, mappings and conditions, and may import further files. Inputs, node templates,
outputs and policies belong into the blueprint itself, so that one file says what a stack is made of.`},
	{"DSL134", Error, "Declared in two files", `
A blueprint and the files that it imports share one space of names: a node type, a mapping or a condition is declared in
one of them.`},
	{"DSL135", Error, "Batch can't be filled in", `
The properties of an item of AOS.Batch are a YAML text in which {{ name }} stands for a variable: one of the values, or
item, limit or offset. Other parts of the Jinja language (filters, statements, comments, dotted names) are not
understood, and a variable holds a text, a number or a boolean.`},

	{"DSL201", Error, "Unknown input", `
get_input names an input that the blueprint does not declare under inputs and that is no pseudo input of the dialect.`},
	{"DSL202", Error, "Unknown attribute", `
get_attribute asks for an attribute that the node type does not have. Every type has refID and refName;
"orchestrate types TYPE" lists the others.`},
	{"DSL203", Error, "Unknown mapping entry", `
get_in_map names a mapping, an object in it, or an attribute of the object that does not exist.`},
	{"DSL204", Error, "Unknown node template", `
A requirement or a function names a node template that the blueprint does not have.`},
	{"DSL205", Error, "Unknown condition", `
A node template or cond_if names a condition that is not declared under conditions.`},
	{"DSL206", Error, "Cycle", `
Things wait for each other in a circle, so none of them can be first. A requirement makes a node template wait for its
target, and so does every get_reference and get_attribute in its properties. Remove one of the shown references, or
move what both sides need into a node template of its own.`},
	{"DSL207", Error, "Reference to itself", `
A node template requires itself or uses its own attribute, which exists only after it was made.`},
	{"DSL208", Error, "Unknown relationship type", `
Relationship types are Relationships.DependsOn (wait for the target) and Relationships.ContainedIn (live inside it),
each with the prefix of the dialect. Without a relationship, DependsOn is meant.`},
	{"DSL209", Error, "Node template is not deployed", `
A value refers to a node template whose condition is false, so it will not exist. Give the referring node template the
same condition, or choose the value with cond_if.`},
	{"DSL210", Error, "Reference to another type", `
The property expects the ID or the name of an object of one type, and the reference leads to a node template of another.`},
	{"DSL221", Error, "Unknown copy", `
A node template with count or for_each stands for several nodes: NAME[0], NAME[1], ... or NAME[KEY]. Without brackets
all of them are meant. The name asks for a copy that does not exist, or for a copy of a node template that has none.`},
	{"DSL222", Error, "Copies can't be told", `
The number of copies and their keys decide which nodes exist, so they must be known before anything is deployed: they
come from inputs, mappings and conditions, never from attributes. count is a whole number from 0 on; for_each is a list
of different texts or a map, and its keys are made of letters, digits, "-", "_" and ".". They are shown, so they can't be
secret.`},
	{"DSL223", Error, "Composition too deep or too large", `
Composites, copies and nested stacks multiply a blueprint, so there are limits to how deep they may nest and how much
they may become: a hostile or broken blueprint ends in this message and not in a full memory. A composite that contains
itself, and a stack that is nested in itself, would never end.`},
	{"DSL224", Error, "Node template must be trimmed too", `
A node template is left out by deploy: false, and another one can't exist without it: it lives inside it, or one of its
properties needs it. Say deploy: false there too, or give --force-trim to leave out all such node templates. In AOS this
is the error SVCSTG.AOS.4002030.`},
	{"DSL225", Error, "External node can't be read", `
An ExternalNode stands for a node of another stack in the same state. Its properties stackName and nodeName are known
before the deployment, the stack exists and is another one than this, and the node was deployed there.`},
	{"DSL226", Error, "Nested stack can't be used", `
The property templateId of AOS.Stack names a blueprint of the same package, or a folder that holds blueprint.yaml, by its
path from the root of the package.`},
	{"DSL227", Error, "Former name can't be told", `
renamed_from says which name a node template had before, so that its element is kept under the new one. It names another
node than itself; of several copies it says which, as in renamed_from: {KEY: NAME}; and it renames a node or what the
node is in, not both at once, since nobody could tell which of the two a stack has seen already.`},
	{"DSL228", Error, "Former name is taken", `
An element has one node template. A name that renamed_from gives is therefore no longer a node template of the blueprint,
and no other renamed_from gives it too. When names move in a row, or two are swapped, apply one renaming after the
other.`},
	{"DSL229", Error, "Not for a node of another stack", `
An ExternalNode stands for an element that another stack owns. What is said about its record, such as its former name
or whether it is retained, belongs into the blueprint of that stack.`},

	{"DSL301", Error, "Unknown node type", `
The catalogue has no node type of this name. "orchestrate types" lists those that exist. A type is written with the
prefix of the dialect, such as Cloud.VPC.VPC.`},
	{"DSL302", Error, "Unknown property", `
The node type has no property of this name at this place. Property names are written in camel case, and letter case
counts. "orchestrate types TYPE" lists them.`},
	{"DSL303", Error, "Missing property", `
The node type needs the property, and the blueprint gives none; an empty value (null) counts as none.`},
	{"DSL304", Error, "Wrong type of value", `
The value is of another type than the property. Texts that look like numbers or booleans need quotes; numbers must not
have them. For a function, the declared type of the input or attribute that it reads counts.`},
	{"DSL305", Error, "Value not allowed", `
The value has the right type, but breaks a limit that the service sets: a length, a range, a pattern or a list of
choices. The message says which.`},
	{"DSL306", Error, "Function can't be evaluated", `
The arguments of a function turn out not to fit when their values are known: an index outside the list, a part that is
a list where a text is needed, and the like.`},
	{"DSL307", Error, "Values don't go together", `
Each value fits its property, but together they break a rule of the service, which would refuse the order. The message
says the rule and what to change; "orchestrate types TYPE" lists all rules of a node type. What is not known yet breaks
none: it is looked at again when the plan is made.`},
	{"DSL308", Error, "File can't be used", `
The property names a file that belongs to the blueprint: a path from the folder of the blueprint, or from the root of
its package, with / between folders. The file must lie there, must be a file, and may not be larger than the property
takes; links must not lead out. Its name has to be known before the deployment, since the plan tells what is in it.
Where the property takes zip archives it must be one, with what the type wants in it: "orchestrate types TYPE" tells.`},

	{"DSL401", Error, "Missing input", `
An input has neither a value nor a default. Give one with --input NAME=VALUE, in a file with --inputs FILE, in
inputs.yaml beside the blueprint, or in the environment variable ORCHESTRATE_INPUT_NAME.`},
	{"DSL402", Error, "Undeclared input", `
A value was given for an input that the blueprint does not declare.`},
	{"DSL403", Error, "Wrong type of input", `
The value of an input does not fit its declared type, or the type of its default where none is declared.`},
	{"DSL404", Error, "Input breaks a constraint", `
The value of an input has the right type but breaks one of the constraints under which the blueprint declares it.`},
	{"DSL405", Error, "Unknown input type", `
Types of inputs are string, integer, float, boolean, enum, secret, password, ip, list, map, and the dotted names of
cloud objects such as Cloud.VPC.Subnet.Id, whose values are texts.`},
	{"DSL406", Error, "Invalid constraint", `
A constraint has an unknown operator, or an argument that the operator can't use. They are in_range, regex,
valid_values, equal, greater_or_equal, greater_than, less_or_equal, less_than, min_length and max_length.`},
	{"DSL407", Error, "Default does not fit", `
The default of an input does not fit its own type or constraints, so that the blueprint could never be deployed with
it.`},
	{"DSL408", Error, "Not an inputs file", `
A file of input values is a YAML or JSON map from input names to values.`},
	{"DSL409", Warning, "Secret in the blueprint", `
The blueprint states a secret: the default of an input of type password or secret (or of an invisible one), or the value
of a property that the node type calls sensitive. Everybody who can read the file can read it, now and in the history of
its repository. Declare an input of type password without a default, and give its value with --input-file NAME=PATH or
in the environment variable ORCHESTRATE_INPUT_NAME. A secret that was committed should be changed. The line is not shown
in reports.`},

	{"EXEC001", Error, "Step failed", `
A step of the execution failed. The message tells the operation, how the cloud answered, and what to do; what was
already done is recorded, and the same command, given again, goes on from there.`},
	{"EXEC002", Error, "Not enough quota", `
The plan needs more of something than the account has left, so it would stop half-way. The message gives the figures.
Free what is no longer needed, plan for less, or ask the provider for more. Nothing was changed.`},
	{"EXEC003", Error, "Taken already", `
A name, an address range or a cluster that the plan wants for itself is used by an object which the stack does not have.
Choose another one, remove that object, or take it into the stack with "orchestrate import". Nothing was changed.`},
	{"EXEC004", Error, "The cloud would refuse it", `
The values have the right form, but this account, region or service does not offer what they ask for: an unknown flavor,
an edition without the feature, an object in a state in which it can't be changed. Nothing was changed.`},
	{"EXEC005", Warning, "Other work is in the way", `
Another operation runs on an object that the plan changes. As a warning it means that the step will wait for it, up to
its time limit; as an error, that waiting would not help.`},
	{"EXEC006", Warning, "The cloud could not be asked", `
Before a plan is carried out, quotas, names and running operations are looked at, so that nothing is bought for a plan
that can't be finished. That look failed, so a refusal would show only when its step runs. Check the network and the
permissions of the credentials, or go on. Credentials that are not known at all end the command with exit code 7.`},
	{"EXEC007", Error, "It is not certain which object was made", `
The answer to a creation was lost, and what has come up since then does not tell what it made: several objects have the
name that was asked for, and nothing tells that they can't be it; or the only one is not quite as it was ordered, or may be
what another node has made that is not known to have an object yet. What is known of each is listed, also of those that
were ruled out. Nothing goes on before one of them is named, because the wrong choice would leave one object to nobody and
put another one under this stack's delete. Give the command again with --adopt NODE=ID for the one that is the node, or
with --adopt NODE=none if the request made none of them: then it is made anew.`},

	{"PLAN001", Error, "Data would be lost", `
The plan destroys an element that holds data, or updates one so that a part of its data is lost. That is done only when
the element is named with --allow-data-loss NODE.`},
	{"PLAN002", Error, "Replacement of an element that holds data", `
A changed property can't be changed in place, so the element would be destroyed and made anew, and its data would be
lost. Undo the change, or name the element with --replace NODE.`},
	{"PLAN003", Error, "Plan is out of date", `
The stack changed after the plan file was written. Make the plan again and review it.`},
	{"PLAN004", Error, "Steps wait for each other", `
What the stack records and what the blueprint asks for now need each other's elements first, so no order of steps
exists. Apply the change in two parts: first the new elements, then the removal of the old ones.`},
	{"PLAN005", Error, "Plan file can't be read", `
The file is not a plan, was damaged, or was written by another version. Make the plan again with --out.`},
	{"PLAN006", Error, "Unknown node in an option", `
An option names a node that neither the blueprint nor the stack has. "orchestrate elements" lists those of the stack.`},
	{"PLAN007", Warning, "Consent without a node", `
--allow-data-loss names a node that neither the blueprint nor the stack has. That is as it should be when the element
is gone already, for example when a deletion is repeated; otherwise check the spelling, since a consent for one name
does not count for another.`},
	{"PLAN008", Error, "Impossible renaming", `
renamed_from says under which name the stack has recorded an element, so that renaming its node template touches nothing
in the cloud. That needs one element, of the same type, recorded under the old name only, and no node template that
still has the old name. Where the blueprint has gone another way since, remove renamed_from: once an apply has recorded
the new name, it says nothing more.`},
	{"PLAN009", Error, "Node outside the plan", `
An option names a node that the plan is not made for, because --target names others. Name it with --target too, or leave
the option out.`},
	{"PLAN010", Error, "Element can't outlive its container", `
An element is to stay in the cloud when it leaves the stack (retain: true, or --retain), but what it lives in is
destroyed by the same plan and takes it along. Retain the container as well, or let both go.`},
	{"PLAN011", Error, "Element can't be returned", `
A rollback can't give a node back the element that it had, because by now that element is recorded under another name
and the node has a new one. Apply a blueprint without the new node first; then roll back. Or leave both as they are with
--skip, and roll the rest back.`},
	{"PLAN012", Warning, "Element not made again", `
A rollback undoes one execution only. An element that this execution deleted was not part of the blueprint that it goes
back to either, so there is nothing from which it could be made again. The rest is undone. If the element is needed, add
its node template to the blueprint and apply.`},
	{"PLAN013", Warning, "Rollback makes a second object", `
An element left the stack and was retained, so its object is in the cloud still, unless somebody has deleted it. A
rollback takes it back where it finds it. Here it makes another one: because it was not to look (--refresh=false), because
another stack has taken the object, or because the object can't become again what the element was. To get it back, leave
that stack with --retain, or import it first.`},
	{"PLAN014", Error, "Node can't be left out of a rollback", `
--skip leaves a node out of a rollback: its element stays as it is. That can't be if the element lives on something that
the rollback destroys, as a subnet lives in its VPC; nor can something be made that needs a node which has no element and
is left out, or that would be inside an object which has vanished from the cloud. Leave out both, or neither; the message
has the option to give.`},

	{"UPG001", Warning, "Type of a node changes", `
AOS refuses an upgrade that changes the type of a node (SVCSTG.AOS.4002563). Here the element is destroyed and made anew
as one of the other type; data is guarded as ever. All codes of this series are errors with --strict-aos and advice
without it.`},
	{"UPG002", Warning, "Relationship of a node changes", `
AOS refuses an upgrade in which an existing node relates to other nodes than before, or in another way
(SVCSTG.AOS.4002564). Here the new relationships count from the upgrade on, also for the order of deletions.`},
	{"UPG003", Warning, "Immutable property changes", `
AOS refuses an upgrade that changes a property which is fixed once the element exists (SVCSTG.AOS.4002566). Here the
element is destroyed and made anew; if it holds data, only with --replace NODE.`},
	{"UPG004", Warning, "Removed node was needed", `
AOS refuses an upgrade that removes a node while another one that is related to it stays (SVCSTG.AOS.4002569); both have
to go. Here the one that stays is changed first, so that it no longer needs the other.`},
	{"UPG005", Warning, "Node of this type is removed", `
In an upgrade, AOS removes only nodes of certain types: applications, what belongs to clusters, and servers
(SVCSTG.AOS.4002570). Here every element can be removed that nothing needs any more; data is guarded as ever.`},
	{"UPG006", Warning, "Dialect changes", `
AOS refuses an upgrade to a blueprint of another tosca_definitions_version (SVCSTG.AOS.4002571). Here the dialect is
spelling only: the elements stay as they are.`},
	{"UPG007", Warning, "Node of this type is added", `
In an upgrade, AOS adds only nodes of certain types: applications, what belongs to clusters, and servers
(SVCSTG.AOS.4002572). Here nodes of every type can be added. Told with --strict-aos only.`},
	{"UPG008", Warning, "Added node is related to an existing one", `
AOS refuses an upgrade that relates an added node to one that exists (SVCSTG.AOS.4002573). Here the new one is made
after what it needs, as in a creation.`},
	{"UPG009", Warning, "Nothing changes", `
AOS refuses an upgrade that changes nothing (SVCSTG.AOS.4002576, 4003700). Here a plan without changes is a success, so
this is never an error. Told with --strict-aos only.`},
	{"UPG010", Warning, "Node does not take other inputs", `
Elements of some types can't be changed in AOS once they exist, such as jobs and services (SVCSTG.AOS.4002577). Here
they are changed in the way that their type allows.`},
	{"UPG011", Error, "Immutable input changes", `
An input is declared with immutable: true, and its value is another one than that with which the stack was deployed
(SVCSTG.AOS.4003915). Give the former value, which "orchestrate inputs" shows. If the change is meant, take
immutable: true out of the blueprint: that is how to say so. This is an error without --strict-aos too.`},
}
