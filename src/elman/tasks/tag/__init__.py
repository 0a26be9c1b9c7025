"""The parts of the tagger: inputs, network, training, spans, scores."""
