import Objects
import ObjectStore
import Primitives
import Web

/// What stands behind the `?` of a request. What it does not know it does not look at, as kube-apiserver.
struct RequestOptions: Sendable {
    /// What becomes of fields that a kind has not.
    enum FieldValidation: String, Sendable {
        case ignore = "Ignore"
        case warn = "Warn"
        case strict = "Strict"
    }

    /// What becomes of what belongs to an object that is deleted.
    enum Propagation: String, Sendable {
        case orphan = "Orphan"
        case background = "Background"
        case foreground = "Foreground"

        init(_ text: String) throws(StoreError) {
            guard let known = Propagation(rawValue: text) else {
                throw StoreError(.badRequest, "propagationPolicy must be Orphan, Background or Foreground")
            }
            self = known
        }
    }

    var labels = LabelSelector.everything
    var fields = FieldSelector.everything
    var isWatch = false
    var resourceVersion = ""
    var resourceVersionMatch = ""
    var timeoutSeconds: Int?
    var allowsBookmarks = false
    var sendsInitialEvents = false
    var isDryRun = false
    /// Of a DELETE, from its body or, without one, from the query.
    var propagation: Propagation?
    var fieldValidation = FieldValidation.warn
    var isPretty = false
    var includesObject = "Metadata"

    init(_ request: HTTPServerRequest) throws(StoreError) {
        for (name, value) in request.query {
            switch name {
            case "labelSelector":
                do { labels = try LabelSelector(parsing: value) } catch { throw StoreError(.badRequest, error.message) }
            case "fieldSelector":
                do { fields.requirements += try FieldSelector(parsing: value).requirements } catch {
                    throw StoreError(.badRequest, error.message)
                }
            case "watch": isWatch = try Self.flag(name, value)
            case "resourceVersion": resourceVersion = value
            case "resourceVersionMatch": resourceVersionMatch = value
            case "timeoutSeconds":
                guard value.isEmpty || Int(value).map({ $0 >= 0 }) == true else {
                    throw StoreError(.badRequest, "timeoutSeconds must be a number of seconds")
                }
                timeoutSeconds = Int(value)
            case "allowWatchBookmarks": allowsBookmarks = try Self.flag(name, value)
            case "sendInitialEvents": sendsInitialEvents = try Self.flag(name, value)
            case "continue" where !value.isEmpty:
                throw StoreError(.badRequest, "continue is not one of ours: lists are answered whole, whatever limit says")
            case "dryRun" where !value.isEmpty:
                guard value == "All" else { throw StoreError(.badRequest, "dryRun must be All") }
                isDryRun = true
            case "propagationPolicy" where !value.isEmpty: propagation = try Propagation(value)
            case "fieldValidation" where !value.isEmpty:
                guard let known = FieldValidation(rawValue: value) else {
                    throw StoreError(.badRequest, "fieldValidation must be Ignore, Warn or Strict")
                }
                fieldValidation = known
            case "pretty": isPretty = (try? Self.flag(name, value)) ?? false
            case "includeObject" where !value.isEmpty: includesObject = value
            default: break
            }
        }
    }

    private static func flag(_ name: String, _ value: String) throws(StoreError) -> Bool {
        switch value {
        case "", "1", "true", "True", "TRUE", "t", "T": return true
        case "0", "false", "False", "FALSE", "f", "F": return false
        default: throw StoreError(.badRequest, "\(name) must be true or false")
        }
    }
}
