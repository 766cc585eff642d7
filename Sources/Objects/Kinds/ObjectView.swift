/// Typed access to a value that is an object: what is read was there, and what is written leaves all else as it is.
///
/// Reading never fails. What is not there, or of another form than it should be, is nil; `KindSchema` tells what is wrong with it.
package protocol ObjectView: ObjectForm, Hashable {
    var value: ObjectValue { get set }
    init(_ value: ObjectValue)
}

/// What can be read from a value, and written as one.
package protocol ObjectForm: Sendable {
    init?(objectValue: ObjectValue)
    var objectValue: ObjectValue { get }
}

extension ObjectView {
    package init() { self.init(.members(ObjectMembers())) }

    package init?(objectValue: ObjectValue) {
        guard objectValue.members != nil else { return nil }
        self.init(objectValue)
    }

    package var objectValue: ObjectValue { value }

    /// A member. Setting nil takes it out.
    package subscript<Form: ObjectForm>(_ name: String) -> Form? {
        get { value[name].flatMap { Form(objectValue: $0) } }
        set { value.set(name, newValue?.objectValue) }
    }

    /// A member that is a list; empty when it is not there. What does not fit among its elements is left out. Setting an empty one takes it out.
    package subscript<Form: ObjectForm>(list name: String) -> [Form] {
        get { (value[name]?.list ?? []).compactMap { Form(objectValue: $0) } }
        set { value.set(name, newValue.isEmpty ? nil : .list(newValue.map(\.objectValue))) }
    }

    /// A member whose members have names of the writer's; empty when it is not there. Setting an empty one takes it out.
    package subscript<Form: ObjectForm>(map name: String) -> [String: Form] {
        get {
            var map: [String: Form] = [:]
            for member in value[name]?.members ?? ObjectMembers() { map[member.name] = Form(objectValue: member.value) }
            return map
        }
        set { value.set(name, newValue.isEmpty ? nil : .members(ObjectMembers(newValue.map { ($0.key, $0.value.objectValue) }))) }
    }

    /// A member that is a view; an empty one when it is not there. Setting an empty one takes it out.
    package subscript<View: ObjectView>(view name: String) -> View {
        get { value[name].flatMap { View(objectValue: $0) } ?? View() }
        set { value.set(name, newValue.value.members?.isEmpty ?? true ? nil : newValue.value) }
    }

    /// Seconds of a member that is a duration.
    func seconds(_ name: String) -> Double? { DurationText.seconds(value[name]) }
}

extension ObjectValue {
    /// Sets a member, and makes an object of what is none. Nil takes the member out.
    package mutating func set(_ name: String, _ newValue: ObjectValue?) {
        var members = members ?? ObjectMembers()
        members[name] = newValue
        self = .members(members)
    }
}

extension String: ObjectForm {
    package init?(objectValue: ObjectValue) {
        guard let text = objectValue.text else { return nil }
        self = text
    }

    package var objectValue: ObjectValue { .text(self) }
}

extension Int: ObjectForm {
    package init?(objectValue: ObjectValue) {
        guard let whole = objectValue.whole else { return nil }
        self.init(whole)
    }

    package var objectValue: ObjectValue { .whole(Int64(self)) }
}

extension Int64: ObjectForm {
    package init?(objectValue: ObjectValue) {
        guard let whole = objectValue.whole else { return nil }
        self = whole
    }

    package var objectValue: ObjectValue { .whole(self) }
}

extension Double: ObjectForm {
    package init?(objectValue: ObjectValue) {
        guard let number = objectValue.number else { return nil }
        self = number
    }

    package var objectValue: ObjectValue { .number(self) }
}

extension Bool: ObjectForm {
    package init?(objectValue: ObjectValue) {
        guard let flag = objectValue.flag else { return nil }
        self = flag
    }

    package var objectValue: ObjectValue { .flag(self) }
}

extension ObjectValue: ObjectForm {
    package init?(objectValue: ObjectValue) { self = objectValue }
    package var objectValue: ObjectValue { self }
}

/// A word of a list that we know; another word is read as nil.
package protocol ObjectWord: ObjectForm, RawRepresentable, Hashable, CaseIterable where RawValue == String {}

extension ObjectWord {
    package init?(objectValue: ObjectValue) {
        guard let text = objectValue.text else { return nil }
        self.init(rawValue: text)
    }

    package var objectValue: ObjectValue { .text(rawValue) }
}
