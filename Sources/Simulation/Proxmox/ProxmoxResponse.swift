import JSON
import Web

/// The answers of the API server as such: with data, or with an error in the form that the real one gives it.
enum ProxmoxResponse {
    /// As the real server writes it, without a space.
    static let contentType = "application/json;charset=UTF-8"

    /// What is said of a parameter that nobody has heard of.
    static let notInSchema = "property is not defined in schema and the schema does not allow additional properties"

    /// 200 with a JSON body.
    static func success(_ json: [UInt8]) -> HTTPServerResponse {
        var response = HTTPServerResponse(
            status: 200, headers: HTTPHeaders([("Server", "pve-api-daemon/3.0"), ("Content-Type", contentType)]), body: .bytes(json))
        response.headers.add("Cache-Control", "max-age=0")
        return response
    }

    /// 401, 595 and 596: the text is only in the reason phrase, which this server does not set.
    static func empty(_ status: Int) -> HTTPServerResponse {
        HTTPServerResponse(status: status, headers: HTTPHeaders([("Server", "pve-api-daemon/3.0"), ("Connection", "close")]))
    }

    /// - Parameter errors: by parameter.
    static func failure(_ status: Int, _ message: String, errors: [(name: String, text: String)] = []) -> HTTPServerResponse {
        var json = JSONWriter()
        json.object { json in
            json.key("data")
            json.null()
            json.member("message", message)
            guard !errors.isEmpty else { return }
            json.key("errors")
            json.object { json in
                for error in errors {
                    json.key(text: error.name)
                    json.string(error.text)
                }
            }
        }
        var response = success(json.bytes)
        response.status = status
        response.headers.add("Connection", "close")
        return response
    }

    /// 400 that names what is wrong, by parameter.
    static func badParameters(_ errors: [(name: String, text: String)]) -> HTTPServerResponse {
        failure(400, "Parameter verification failed.\n", errors: errors)
    }
}
