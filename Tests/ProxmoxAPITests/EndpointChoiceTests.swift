import Testing

@testable import ProxmoxAPI

@Suite struct EndpointChoiceTests {
    @Test func `which endpoint is next`() {
        var choice = EndpointChoice(count: 3)
        #expect(choice.order == [0, 1, 2] && choice.others == [1, 2])
        // What fails while another is asked first moves nothing.
        choice.failed(1)
        choice.failed(2)
        #expect(choice.current == 0)
        choice.failed(0)
        choice.failed(0)
        #expect(choice.order == [1, 2, 0] && choice.others == [2, 0])
        choice.prefer(0)
        choice.prefer(3)
        choice.prefer(-1)
        #expect(choice.current == 0)
        choice.prefer(2)
        choice.failed(2)
        #expect(choice.current == 0)
        var alone = EndpointChoice(count: 1)
        alone.failed(0)
        #expect(alone.order == [0] && alone.others == [] && EndpointChoice(count: 0).order == [0])
    }
}
