extension LiteLLMDialect {
    /// A deployment and what its engine has counted of what came through the proxy.
    private struct Place {
        let deployment: Deployment
        let engine: QueueEngine
        let book: EngineBook

        var failed: Double { book.count(of: .error) + book.rejections }
        /// Whoever gave up had an answer that had begun well.
        var answered: Double { book.succeeded + book.count(of: .abort) }
    }

    func metrics(of server: LLMServer) -> NativeExposition {
        var text = NativeExposition(.python, createdAt: server.startedAt)
        let places = deployments(server).map { deployment in
            let engine = deployment.desk.view()
            return Place(deployment: deployment, engine: engine, book: engine.proxyBook ?? engine.book)
        }
        writeRequests(places, into: &text)
        writeTokens(places, into: &text)
        writeDeployments(places, into: &text)
        if age == .new { writeQueue(places, into: &text) }
        writeTimes(places, into: &text)
        return text
    }

    private func writeRequests(_ places: [Place], into text: inout NativeExposition) {
        let isNew = age == .new
        let asked = LiteLLMLabels.people + ["requested_model"]
        let new = isNew ? ["user_email", "route", "client_ip", "user_agent", "model_id", "api_provider"] : []
        text.counters(
            "litellm_proxy_total_requests_metric_total", "Requests to the proxy.",
            shares(of: places, asked + ["status_code"] + new, \.answered)
                + shares(of: places, asked + ["status_code"] + new, with: ["status_code": "500"], \.failed))
        text.counters(
            "litellm_proxy_failed_requests_metric_total", "Requests to the proxy that failed.",
            shares(of: places, asked + ["exception_status", "exception_class"] + new, \.failed))
    }

    private func writeTokens(_ places: [Place], into text: inout NativeExposition) {
        let isNew = age == .new
        let ending = isNew ? "_metric_total" : "_total"
        let plain = LiteLLMLabels.people + ["model"] + (isNew ? ["user_email", "requested_model", "model_id", "api_provider"] : [])
        let asked = isNew ? plain : plain + ["requested_model"]
        text.counters("litellm_input_tokens\(ending)", "Tokens of prompts.", shares(of: places, asked) { $0.book.promptTokens })
        text.counters("litellm_output_tokens\(ending)", "Tokens of answers.", shares(of: places, asked) { $0.book.generationTokens })
        text.counters(
            "litellm_total_tokens\(ending)", "Tokens of both.",
            shares(of: places, plain) { $0.book.promptTokens + $0.book.generationTokens })
        let spent = plain + (isNew ? ["client_ip", "user_agent", "service_tier"] : [])
        text.counters(
            "litellm_spend_metric_total", "What it cost.",
            places.flatMap { place in
                let dollars = place.book.promptTokens * 0.15e-6 + place.book.generationTokens * 0.6e-6
                return LiteLLMLabels.Caller.all.map {
                    (LiteLLMLabels(place.deployment, $0).named(spent), dollars * $0.part)
                }
            })
        guard isNew else { return }
        text.counters(
            "litellm_input_cached_tokens_metric_total", "Tokens of prompts that were in a cache.",
            shares(of: places, plain) { $0.book.cachedTokens })
    }

    private func writeDeployments(_ places: [Place], into text: inout NativeExposition) {
        text.gauges(
            "litellm_deployment_state", "0 is well, 1 partly, 2 out of order.",
            places.map { (own($0, LiteLLMLabels.deployment), Self.state(of: $0.engine)) })
        let asked =
            LiteLLMLabels.deployment + LiteLLMLabels.keys + ["requested_model"]
            + (age == .new ? ["model_group", "client_ip", "user_agent"] : [])
        text.counters(
            "litellm_deployment_total_requests_total", "Requests to a deployment.", shares(of: places, asked) { $0.answered + $0.failed })
        text.counters("litellm_deployment_success_responses_total", "Answers of a deployment.", shares(of: places, asked, \.answered))
        text.counters(
            "litellm_deployment_failure_responses_total", "Failures of a deployment.",
            shares(of: places, asked + ["exception_status", "exception_class"], \.failed))
        text.counters(
            "litellm_deployment_cooled_down_total", "Times that a deployment was left out.",
            places.map { (own($0, LiteLLMLabels.deployment + ["exception_status"]), 0) })
    }

    private func writeQueue(_ places: [Place], into text: inout NativeExposition) {
        let running = places.reduce(0) { $0 + Double($1.engine.runningCount) }
        let waiting = places.reduce(0) { $0 + Double($1.engine.waitingCount) }
        text.gauge("litellm_admission_queued_requests", "Requests that wait.", waiting)
        text.gauge("litellm_admission_admitted_requests", "Requests that were let in.", running)
        text.counters("litellm_admission_rejected_requests_total", "Requests that were not let in.", [([("reason", "queue_full")], 0)])
        text.gauge("litellm_in_flight_requests", "Requests that are not answered yet.", running + waiting)
    }

    /// One caller has all of them, as parts of a distribution are not whole.
    private func writeTimes(_ places: [Place], into text: inout NativeExposition) {
        func times(_ measure: EngineBook.Measure, _ names: [String]) -> [(labels: NativeExposition.Labels, distribution: Distribution)] {
            places.map { (own($0, names), $0.book[measure]) }
        }
        let isNew = age == .new
        let asked = LiteLLMLabels.people + ["model", "requested_model"] + (isNew ? ["model_id", "api_provider"] : [])
        let served = asked + (isNew ? ["model_group", "service_tier"] : [])
        text.histograms("litellm_request_total_latency_metric", "Time of a request.", times(.duration, served))
        text.histograms("litellm_llm_api_latency_metric", "Time of a request behind the proxy.", times(.duration, served))
        text.histograms(
            "litellm_llm_api_time_to_first_token_metric", "Time to the first token of a stream.",
            times(.timeToFirstToken, isNew ? served : LiteLLMLabels.keys + ["model"]))
        text.histograms(
            "litellm_deployment_latency_per_output_token", "Time of a token.",
            times(.timePerOutputToken, LiteLLMLabels.deployment + LiteLLMLabels.keys + (isNew ? ["model_group"] : [])))
        if isNew { text.histograms("litellm_request_queue_time_seconds", "Time in the queue.", times(.queue, asked)) }
    }

    private static func state(of engine: QueueEngine) -> Double { engine.isStalled ? 2 : engine.isFailing ? 1 : 0 }

    private func own(_ place: Place, _ names: [String]) -> NativeExposition.Labels {
        LiteLLMLabels(place.deployment, LiteLLMLabels.Caller.all[0]).named(names)
    }

    /// A counter as those who asked have it; together they have all of it.
    private func shares(of places: [Place], _ names: [String], with other: [String: String] = [:], _ count: (Place) -> Double) -> [(
        labels: NativeExposition.Labels, value: Double
    )] {
        let callers = LiteLLMLabels.Caller.all
        return places.flatMap { place in
            var rest = count(place)
            return callers.enumerated().map { position, caller in
                let part = position == callers.count - 1 ? rest : (count(place) * caller.part).rounded(.down)
                rest -= part
                return (LiteLLMLabels(place.deployment, caller).named(names, other), part)
            }
        }
    }
}
