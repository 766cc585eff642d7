/// One thing that is so of an object, or is not, with why and since when.
package struct Condition: ObjectView {
    package enum Status: String, ObjectWord {
        case isTrue = "True"
        case isFalse = "False"
        case unknown = "Unknown"
    }

    package var value: ObjectValue
    package init(_ value: ObjectValue) { self.value = value }

    package var type: String {
        get { self["type"] ?? "" }
        set { self["type"] = newValue }
    }
    package var status: Status {
        get { self["status"] ?? .unknown }
        set { self["status"] = newValue }
    }
    /// In one word.
    package var reason: String {
        get { self["reason"] ?? "" }
        set { self["reason"] = newValue }
    }
    /// For people.
    package var message: String {
        get { self["message"] ?? "" }
        set { self["message"] = newValue }
    }
    /// RFC 3339.
    package var lastTransitionTime: String {
        get { self["lastTransitionTime"] ?? "" }
        set { self["lastTransitionTime"] = newValue }
    }
    package var observedGeneration: Int64? {
        get { self["observedGeneration"] }
        set { self["observedGeneration"] = newValue }
    }
}

/// The types of conditions that the manager sets; the schema does not limit them.
package enum ConditionType: String, Sendable {
    case ready = "Ready"
    case provisioning = "Provisioning"
    case reconfiguring = "Reconfiguring"
    case deleting = "Deleting"
    case error = "Error"
    case healthy = "Healthy"
}

extension [Condition] {
    package subscript(type: String) -> Condition? { first { $0.type == type } }
    package subscript(type: ConditionType) -> Condition? { self[type.rawValue] }

    /// Whether the condition of that type is there and true.
    package func isTrue(_ type: String) -> Bool { self[type]?.status == .isTrue }
    package func isTrue(_ type: ConditionType) -> Bool { self[type]?.status == .isTrue }

    /// Sets the condition of that type. Its time changes with its status alone.
    ///
    /// A message is never empty: kube-apiserver 1.20 takes an empty one of a custom resource for null, and refuses the object.
    ///
    /// - Parameter now: RFC 3339.
    package mutating func set(
        _ type: String, _ status: Condition.Status, reason: String, message: String, observedGeneration: Int64? = nil, now: String
    ) {
        var condition = self[type] ?? Condition()
        if condition.value["status"]?.text != status.rawValue || condition.lastTransitionTime.isEmpty { condition.lastTransitionTime = now }
        condition.type = type
        condition.status = status
        condition.reason = reason
        condition.message = message.isEmpty ? reason : message
        if let observedGeneration { condition.observedGeneration = observedGeneration }
        if let index = firstIndex(where: { $0.type == type }) { self[index] = condition } else { append(condition) }
    }

    package mutating func remove(_ type: String) { removeAll { $0.type == type } }
}

/// A status that has conditions, as all have.
package protocol ConditionedStatus: ObjectView {}

extension ConditionedStatus {
    package var conditions: [Condition] {
        get { self[list: "conditions"] }
        set { self[list: "conditions"] = newValue }
    }
    package var observedGeneration: Int64? {
        get { self["observedGeneration"] }
        set { self["observedGeneration"] = newValue }
    }
    /// For people.
    package var message: String? {
        get { self["message"] }
        set { self["message"] = newValue }
    }
}

/// Another object, of a kind that the field says.
package struct ObjectReference: ObjectView {
    package var value: ObjectValue
    package init(_ value: ObjectValue) { self.value = value }

    package init(_ name: String, namespace: String? = nil) {
        self.init()
        self.name = name
        self.namespace = namespace
    }

    package var name: String {
        get { self["name"] ?? "" }
        set { self["name"] = newValue }
    }
    package var namespace: String? {
        get { self["namespace"] }
        set { self["namespace"] = newValue }
    }

    /// - Parameter namespace: of the object that has the reference.
    package func key(of kind: ResourceKind, in namespace: String) -> ObjectKey {
        let said = self.namespace ?? ""
        return ObjectKey(kind, said.isEmpty ? namespace : said, name)
    }
}
