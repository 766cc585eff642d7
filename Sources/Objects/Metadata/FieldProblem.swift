/// What is wrong with one field of an object.
package struct FieldProblem: Sendable, Hashable, CustomStringConvertible {
    /// In Kubernetes' words, as `reason` of a cause in a Status.
    package enum Reason: String, Sendable {
        case required = "FieldValueRequired"
        case invalid = "FieldValueInvalid"
        case typeInvalid = "FieldValueTypeInvalid"
        case notSupported = "FieldValueNotSupported"
        case duplicate = "FieldValueDuplicate"
        case forbidden = "FieldValueForbidden"
        case unknown = "FieldValueUnknown"
        case tooMany = "FieldValueTooMany"
    }

    /// From the object's root: `spec.disks[2].sizeGiB`.
    package let path: String
    package let reason: Reason
    /// What must be so: `must be 1 to 4096, is 0`. Never a value that may be a secret.
    package let message: String

    package init(_ path: String, _ reason: Reason, _ message: String) {
        self.path = path
        self.reason = reason
        self.message = message
    }

    package var description: String { "\(path): \(message)" }
}
