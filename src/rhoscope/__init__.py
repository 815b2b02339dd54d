"""rhoscope: when do gradients of a recurrent system vanish or explode, and how well does rho(A) foretell it?"""
