"""Where samples are: domains with boundaries and normals, and points drawn from them."""

from .ball import Ball
from .box import Box, Interval
from .combined import Difference, Intersection, Union
from .domain import Domain
from .drawn import Points
from .product import Point, Product
from .simplices import Mesh, Polygon
from .surface import Surface

__all__ = [
    "Ball", "Box", "Difference", "Domain", "Intersection", "Interval", "Mesh", "Point", "Points", "Polygon", "Product", "Surface",
    "Union",
]  # fmt: skip
