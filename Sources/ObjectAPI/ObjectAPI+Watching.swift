import Objects
import ObjectStore
import Primitives
import Web

extension ObjectAPI {
    /// Answers with changes as they come, each an object of JSON in a line of its own.
    func watch(_ request: HTTPServerRequest, _ place: ResourcePlace, _ options: RequestOptions) async throws(StoreError)
        -> HTTPServerResponse
    {
        let form = try AnswerForm(accept: request.headers["Accept"])
        guard form != .yaml else { throw StoreError(.notAcceptable, "changes can be had as JSON only") }
        var fields = options.fields
        if let name = place.name { fields.requirements.append(.name(name)) }
        guard watchPlaces.take() else {
            throw StoreError(.tooManyRequests, "\(self.options.watches) watches are open, and no more are allowed; try again later")
        }
        let stream = BodyStream()
        do {
            let beginning = try await WatchAnswer.Beginning(store, place, options)
            let answer = WatchAnswer(
                beginning, stream: stream, labels: options.labels, fields: fields, allowsBookmarks: options.allowsBookmarks,
                table: form == .table ? table(of: place.kind, options) : nil, clock: clock)
            let seconds = options.timeoutSeconds.map { min(Double($0), 86_400) } ?? self.options.watchSeconds
            let deadline = Deadline.after(seconds: seconds > 0 ? seconds : self.options.watchSeconds)
            Task.detached { [watchPlaces] in
                await answer.run(until: deadline) { request.isAbandoned() }
                watchPlaces.giveBack()
            }
        } catch {
            watchPlaces.giveBack()
            // As kube-apiserver: that a version is too old is told by the first event.
            guard error.reason == .expired else { throw error }
            _ = stream.send(WatchAnswer.line("ERROR", StatusAnswer.failure(error)))
            stream.finish()
        }
        return HTTPServerResponse(status: 200, headers: HTTPHeaders([("Content-Type", "application/json")]), body: .stream(stream))
    }
}
