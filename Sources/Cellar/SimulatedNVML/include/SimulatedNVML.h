// A libnvidia-ml.so.1 without a card: NVIDIA's calls, answered from the state that a simulated world writes into the file which MARTLET_SIMULATED_GPU names. Nothing is linked with it.
#pragma once
