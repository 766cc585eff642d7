import ObjectText
import Objects
import ObjectStore
import Primitives
import Web

/// What a request brings.
enum RequestBody {
    /// - Throws: `unsupportedMediaType`, `badRequest`, `tooLarge`.
    static func value(_ request: HTTPServerRequest) throws(StoreError) -> ObjectValue {
        switch mediaType(request) {
        case "application/json", "": return try json(request.body)
        case "application/yaml": return try yaml(request.body)
        case let other:
            throw StoreError(.unsupportedMediaType, "the body is \(other), and application/json or application/yaml is needed here")
        }
    }

    static func json(_ bytes: [UInt8]) throws(StoreError) -> ObjectValue {
        guard !bytes.isEmpty else { throw StoreError(.badRequest, "the request has no body") }
        do { return try ObjectValue(parsing: bytes) } catch {
            throw StoreError(error.code == .limit ? .tooLarge : .badRequest, "the body is no JSON that can be taken: \(error.message)")
        }
    }

    static func yaml(_ bytes: [UInt8]) throws(StoreError) -> ObjectValue {
        do {
            let documents = try YAMLText.documents(bytes, path: "body")
            guard documents.count == 1, let document = documents.first else {
                throw StoreError(.badRequest, "the body must be one YAML document, and has \(documents.count)")
            }
            return document.value
        } catch let error as StoreError {
            throw error
        } catch let error as Failure {
            throw StoreError(error.code == .limit ? .tooLarge : .badRequest, "the body is no YAML that can be taken: \(error.message)")
        } catch {
            throw StoreError(.badRequest, "the body is no YAML that can be taken")
        }
    }

    /// In lower case, without parameters.
    static func mediaType(_ request: HTTPServerRequest) -> String {
        let field = request.headers["Content-Type"] ?? ""
        return (field.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false).first?.trimmed ?? "").lowercased()
    }
}
