import Web

/// What stands below `/api/boards`, and `/export.csv`.
struct BoardPages: Sendable {
    func answer(_ request: HTTPServerRequest, _ part: ViewerTally.Part) async throws(Refusal) -> HTTPServerResponse {
        throw Refusal(503, "Boards are not there yet.")
    }
}
